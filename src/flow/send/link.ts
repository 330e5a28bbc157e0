import { type Backoff, backoffDelayMs } from "../../kernel/backoff.ts";
import type { Clock, SteadyMs } from "../../kernel/clock.ts";
import { HotdirError, hasCode, messageOf } from "../../kernel/errors.ts";
import type { Log } from "../../kernel/log.ts";
import { type ReadBack, sftpReadBack } from "../verify/read-back.ts";
import type { Files, RemoteShell } from "./contract.ts";
import { Shells } from "./shells.ts";

/** One connection that carries many transfers. `loadBytes`: what is under way on it; `holds`: who counts on its staying open. */
export type Lane = { files: Files; loadBytes: number; holds: number; openedAt: SteadyMs; usedAt: SteadyMs };

export type LinkState =
  | { kind: "idle" }
  | { kind: "opening" }
  | { kind: "open" }
  /** No lane can be had: tried again at `until`. */
  | { kind: "waiting"; error: HotdirError; until: SteadyMs };

/** How a destination is reached. `openShell` gives null where the far side has none. */
export interface Place {
  openLane(signal: AbortSignal): Promise<Files>;
  /** `patient`: its answers may take hours (digests of large files); that the connection lives is ssh's own concern then. */
  openShell(signal: AbortSignal, patient: boolean): Promise<RemoteShell | null>;
  /** A way to read back that needs neither shell nor lane (a local destination). */
  readonly readBack: ReadBack | null;
}

/** An outage is tried again within half a minute, whatever its length; a refused login at most once a minute, so that no account is locked. */
const OUTAGE_BACKOFF: Backoff = { minMs: 500, maxMs: 30_000 };
const REFUSAL_BACKOFF: Backoff = { minMs: 60_000, maxMs: 600_000 };
/** A lane that lived shorter than this counts as one that could not be opened. */
const SHORT_LIFE_MS = 5000;
/** A lane that is not wanted any more is closed when nobody used it for so long. */
const IDLE_MS = 5000;
/** After the host refused one more lane, this long no more are asked for. */
const LANE_CAP_MS = 30_000;

/** The connections of one flow to its destination: opened as wanted, replaced when they break, with back-off. */
export class Link implements AsyncDisposable {
  readonly lanes: Lane[] = [];
  state: LinkState = { kind: "idle" };
  readonly shells: Shells;
  readonly #place: Place;
  readonly #lanesMax: number;
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #changed: () => void;
  readonly #stop = new AbortController();
  #wanted = 0;
  #opening = 0;
  #failures = 0;
  #cap: { lanes: number; until: SteadyMs } | null = null;
  #timer: NodeJS.Timeout | null = null;

  constructor(options: { place: Place; lanesMax: number; clock: Clock; log: Log; changed: () => void }) {
    this.#place = options.place;
    this.#lanesMax = options.lanesMax;
    this.#clock = options.clock;
    this.#log = options.log;
    this.#changed = options.changed;
    const { place, log, changed } = options;
    this.shells = new Shells({ open: (signal, patient) => place.openShell(signal, patient), signal: this.#stop.signal, log, changed });
  }

  /** null: there is none (yet, or for now). */
  get shell(): RemoteShell | null {
    return this.shells.current;
  }

  /** Whether work can be given: a lane is open, and it is known whether there is a shell. */
  get ready(): boolean {
    return this.lanes.length > 0 && this.shells.known;
  }

  get lanesMax(): number {
    return this.#lanesMax;
  }

  /** How destination bytes are read back now. */
  readBack(lane: Lane): ReadBack {
    return this.#place.readBack ?? this.shells.readBack ?? sftpReadBack(lane.files);
  }

  /**
   * How a large file is read back: by a shell of its own, opened at the first use, so that no small file waits
   * behind it. Where it cannot be had, as `readBack`.
   */
  async bulkReadBack(lane: Lane): Promise<ReadBack> {
    return this.#place.readBack ?? (await this.shells.large()) ?? this.readBack(lane);
  }

  /** Asks for so many lanes; they open in the background. Fewer than are open: the idle ones are closed. */
  want(lanes: number): void {
    this.#wanted = Math.min(Math.max(lanes, 0), this.#lanesMax);
    this.#open();
    const idleSince = this.#clock.steady() - IDLE_MS;
    const idle = this.lanes.filter((lane) => lane.loadBytes === 0 && lane.holds === 0 && lane.usedAt < idleSince);
    for (const lane of idle.slice(0, Math.max(0, this.lanes.length - this.#wanted))) this.#close(lane);
  }

  /** The open lane with the least under way. */
  pick(): Lane | null {
    let best: Lane | null = null;
    for (const lane of this.lanes) if (best === null || lane.loadBytes < best.loadBytes) best = lane;
    if (best !== null) best.usedAt = this.#clock.steady();
    return best;
  }

  /** The open lane with the least under way. Throws `connection-lost` where none is open. */
  lane(): Lane {
    const lane = this.pick();
    if (lane === null) throw new HotdirError("connection-lost", { operation: "send", detail: "no lane is open" });
    return lane;
  }

  /** A transfer got through: troubles before this are over. */
  succeeded(): void {
    this.#failures = 0;
    this.shells.succeeded();
    this.#lastRefusal = null;
  }

  #open(): void {
    if (this.#stop.signal.aborted || this.state.kind === "waiting") return;
    const cap = this.#cap !== null && this.#clock.steady() < this.#cap.until ? this.#cap.lanes : this.#lanesMax;
    while (this.lanes.length + this.#opening < Math.min(this.#wanted, Math.max(1, cap))) {
      // The first lane alone: where it fails, many would fail alike.
      if (this.lanes.length === 0 && this.#opening > 0) break;
      this.#opening++;
      if (this.lanes.length === 0) this.state = { kind: "opening" };
      void this.#openOne().finally(() => {
        this.#opening--;
        this.#open();
        this.#changed();
      });
    }
    if (this.#wanted > 0) this.shells.want();
  }

  async #openOne(): Promise<void> {
    try {
      const files = await this.#place.openLane(this.#stop.signal);
      if (this.#stop.signal.aborted) return await files[Symbol.asyncDispose]();
      const now = this.#clock.steady();
      const lane: Lane = { files, loadBytes: 0, holds: 0, openedAt: now, usedAt: now };
      this.lanes.push(lane);
      if (this.state.kind !== "open") this.#log.debug("connected");
      this.state = { kind: "open" };
      this.shells.boundWait();
      void files.ended.then((error) => this.#laneEnded(lane, error));
    } catch (error) {
      if (!this.#stop.signal.aborted) this.#laneRefused(asLinkError(error));
    }
  }

  #laneEnded(lane: Lane, error: Error | null): void {
    const at = this.lanes.indexOf(lane);
    if (at >= 0) this.lanes.splice(at, 1);
    if (this.#stop.signal.aborted || error === null) return;
    if (this.lanes.length === 0) {
      const short = this.#clock.steady() - lane.openedAt < SHORT_LIFE_MS;
      if (short) this.#wait(asLinkError(error));
      else this.state = { kind: "idle" };
      this.#log.warn(`connection lost: ${error.message}; ${short ? this.#whenAgain() : "connecting again"}`);
    }
    this.#open();
    this.#changed();
  }

  #laneRefused(error: HotdirError): void {
    if (this.lanes.length > 0) {
      this.#cap = { lanes: this.lanes.length, until: this.#clock.steady() + LANE_CAP_MS };
      this.#log.info(`staying with ${this.lanes.length} lanes: ${error.message}`);
      return;
    }
    const known = this.state.kind === "waiting" ? this.state.error.code : this.#lastRefusal;
    this.#wait(error);
    // One line for an outage, however long it lasts; the tries in between are for those who debug.
    if (known === error.code) this.#log.debug(`waiting: ${error.message}; ${this.#whenAgain()}`);
    else this.#log.warn(`waiting: ${error.message}; ${this.#whenAgain()}, nothing is lost`);
    this.#lastRefusal = error.code;
  }
  #lastRefusal: string | null = null;

  #wait(error: HotdirError): void {
    this.#failures++;
    const backoff = hasCode(error, "login-refused", "host-key-changed") ? REFUSAL_BACKOFF : OUTAGE_BACKOFF;
    const delayMs = backoffDelayMs(backoff, this.#failures);
    this.state = { kind: "waiting", error, until: this.#clock.steady() + delayMs };
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#tryAgain(), delayMs);
  }

  #whenAgain(): string {
    return this.state.kind === "waiting"
      ? `trying again in ${((this.state.until - this.#clock.steady()) / 1000).toFixed(1)} s`
      : "trying again";
  }

  #tryAgain(): void {
    this.#timer = null;
    this.state = { kind: "idle" };
    this.#open();
    this.#changed();
  }

  #close(lane: Lane): void {
    const at = this.lanes.indexOf(lane);
    if (at >= 0) this.lanes.splice(at, 1);
    void lane.files[Symbol.asyncDispose]();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort(new HotdirError("interrupted", { operation: "connect" }));
    if (this.#timer !== null) clearTimeout(this.#timer);
    await Promise.allSettled([
      this.shells[Symbol.asyncDispose](),
      ...this.lanes.splice(0).map((lane) => lane.files[Symbol.asyncDispose]()),
    ]);
  }
}

function asLinkError(error: unknown): HotdirError {
  return error instanceof HotdirError
    ? error
    : new HotdirError("unreachable", { operation: "connect", detail: messageOf(error), cause: error });
}
