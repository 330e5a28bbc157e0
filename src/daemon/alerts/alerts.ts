import { randomBytes } from "node:crypto";
import { hostname } from "node:os";
import { setTimeout as sleep } from "node:timers/promises";
import type { AlertSettings } from "../../config/daemon-settings.ts";
import { type Database, openForReading } from "../../flow/ledger/database.ts";
import { spaceShortage } from "../../flow/send/space.ts";
import { backoffDelayMs } from "../../kernel/backoff.ts";
import type { SteadyMs } from "../../kernel/clock.ts";
import { messageOf } from "../../kernel/errors.ts";
import type { Log } from "../../kernel/log.ts";
import { formatAge, formatMany } from "../../kernel/readable.ts";
import type { Daemon } from "../daemon.ts";
import { statusFacts } from "../status-facts.ts";
import { tellByCommand } from "./command.ts";
import { lookAt, type Sight } from "./conditions.ts";
import { type AlertState, type Due, markFailed, markTold, messageDue, nothingTold, observe } from "./decide.ts";
import { composeMessage, type Message } from "./message.ts";
import { type AlertFile, readAlertFile, type Way, ways, writeAlertFile } from "./state-file.ts";
import { readWebhook, tellByWebhook } from "./webhook.ts";

const LOOK_MS = 1000;
const BACKOFF = { minMs: 5000, maxMs: 600_000 };
const STOP_BOUND_MS = 3000;

type Channel = { way: Way; tell: (message: Message, signal: AbortSignal) => Promise<void>; telling: Promise<void> | null };

/** Looks at the flows once a second, and tells people what is worth it. */
export class Alerts implements AsyncDisposable {
  readonly #daemon: Daemon;
  readonly #settings: AlertSettings;
  readonly #log: Log;
  readonly #channels: Channel[];
  readonly #stop = new AbortController();
  readonly #file: AlertFile;
  readonly #timer: NodeJS.Timeout;
  /** By flow: when it was last seen paused. */
  readonly #pausedAt = new Map<string, SteadyMs>();
  #db: Database | null = null;
  #written = "";
  #inTrouble = false;
  #unwritten = false;

  private constructor(daemon: Daemon, settings: AlertSettings, log: Log, channels: Channel[]) {
    this.#daemon = daemon;
    this.#settings = settings;
    this.#log = log;
    this.#channels = channels;
    this.#file = this.#readFile();
    this.#timer = setInterval(() => this.#look(), LOOK_MS);
  }

  /** null: nobody is to be told. */
  static start(daemon: Daemon, settings: AlertSettings, log: Log): Alerts | null {
    const { command, webhook } = settings;
    const channels: Channel[] = [];
    if (command !== null)
      channels.push({ way: "command", tell: (message, signal) => tellByCommand(command, message, signal), telling: null });
    if (webhook !== null) {
      // Said now rather than when it matters.
      try {
        readWebhook(webhook);
      } catch (error) {
        log.error(`alerts cannot be posted: ${messageOf(error)}`);
      }
      channels.push({ way: "webhook", tell: (message, signal) => tellByWebhook(webhook, message, signal), telling: null });
    }
    return channels.length === 0 ? null : new Alerts(daemon, settings, log, channels);
  }

  #readFile(): AlertFile {
    const anew = (): AlertFile => ({
      version: 1,
      token: randomBytes(4).toString("hex"),
      ways: { command: nothingTold, webhook: nothingTold },
    });
    try {
      const file = readAlertFile(this.#daemon.stateDirectory);
      // What was told by a way that is not used any more is of no use to it when it comes back.
      for (const way of ways) if (file !== null && !this.#channels.some((channel) => channel.way === way)) file.ways[way] = nothingTold;
      return file ?? anew();
    } catch (error) {
      this.#log.warn(`what was told is not known any more, so it may be told again: ${messageOf(error)}`);
      return anew();
    }
  }

  /** Never throws: what goes wrong here must not end the daemon. */
  #look(): void {
    try {
      const look = lookAt(this.#sights());
      const now = this.#daemon.clock.steady();
      for (const { way } of this.#channels) this.#file.ways[way] = observe(this.#file.ways[way], look, this.#settings, now);
      this.#save();
      for (const channel of this.#channels) if (channel.telling === null) this.#tellDue(channel);
      this.#inTrouble = false;
    } catch (error) {
      if (!this.#inTrouble) this.#log.error(`nobody can be alerted: ${messageOf(error)}; trying again`);
      this.#inTrouble = true;
    }
  }

  #sights(): Sight[] {
    const { set, clock, stateDirectory } = this.#daemon;
    this.#db ??= openForReading(stateDirectory);
    const facts = statusFacts({ settings: set.configuration.flows, db: this.#db, live: this.#daemon.status(), nowMs: clock.wall() });
    return facts.flows.map((flow): Sight => {
      const settings = set.settingsOf(flow.name);
      const space = set.flow(flow.name)?.end.space;
      return {
        flow: flow.name,
        on: { ...this.#settings.on, ...settings.alerts },
        state: flow.state,
        reason: flow.reason,
        reached: flow.lanes.open > 0,
        freshnessMs: flow.freshnessMs,
        sendsForMs: this.#sendsFor(flow.name, flow.state),
        dead: flow.counts.dead,
        shortage:
          space === undefined || space === null ? undefined : spaceShortage(space, settings.destination.keepFree, this.#isShort(flow.name)),
      };
    });
  }

  #sendsFor(flow: string, state: Sight["state"]): number {
    const now = this.#daemon.clock.steady();
    if (state === "paused" || state === "stopped") this.#pausedAt.set(flow, now);
    return now - (this.#pausedAt.get(flow) ?? -Infinity);
  }

  /** It is over only when there is a little more than just enough, as for the flow itself. */
  #isShort(flow: string): boolean {
    return this.#channels.some(({ way }) =>
      Object.values(this.#file.ways[way].entries).some((entry) => entry.flow === flow && entry.alert === "low-space" && entry.holds),
    );
  }

  #tellDue(channel: Channel): void {
    const { clock } = this.#daemon;
    const state = this.#file.ways[channel.way];
    const message = messageDue(state, this.#settings, clock.steady());
    if (message === null) return;
    const id = `${this.#file.token}-${channel.way}-${state.serial}`;
    const composed = composeMessage(message, { id, host: hostname(), wall: clock.wall(), steady: clock.steady() });
    const after = (next: AlertState): void => {
      channel.telling = null;
      this.#file.ways[channel.way] = next;
      this.#save();
    };
    channel.telling = channel.tell(composed, this.#stop.signal).then(
      () => {
        after(markTold(this.#file.ways[channel.way], message, this.#settings, clock.steady()));
        const { firing, resolved } = composed;
        this.#log.info(`told by ${channel.way}: ${composed.text}`, { alert: id, firing: firing.length, resolved: resolved.length });
      },
      // A message that a stop interrupted is no failure: the next start sends it.
      (error: unknown) => (this.#stop.signal.aborted ? undefined : this.#tellFailed(channel, message, error, after)),
    );
  }

  #tellFailed(channel: Channel, message: Due, error: unknown, after: (next: AlertState) => void): void {
    const state = this.#file.ways[channel.way];
    const waitMs = backoffDelayMs(BACKOFF, state.failures + 1);
    after(markFailed(state, message, waitMs, this.#daemon.clock.steady()));
    const count = formatMany(message.firing.length + message.resolved.length, "alert");
    this.#log.error(`${count} could not be told by ${channel.way}: ${messageOf(error)}; trying again in ${formatAge(waitMs)}`);
  }

  /**
   * Only what a restart has to know is worth a write: not how far behind a flow is by now. Where it cannot be written
   * people are told all the same; a restart may then tell it once more.
   */
  #save(): void {
    const kept = JSON.stringify(this.#file.ways, (key, value: unknown) => (key === "summary" ? undefined : value));
    if (kept === this.#written) return;
    try {
      writeAlertFile(this.#daemon.stateDirectory, this.#file);
      this.#written = kept;
      this.#unwritten = false;
    } catch (error) {
      if (!this.#unwritten) this.#log.error(`what was told cannot be written down, so a restart may tell it again: ${messageOf(error)}`);
      this.#unwritten = true;
    }
  }

  /** A message that is under way is ended, and sent again by the next start. */
  async [Symbol.asyncDispose](): Promise<void> {
    clearInterval(this.#timer);
    this.#stop.abort(new Error("the daemon stops"));
    const under = this.#channels.flatMap(({ telling }) => (telling === null ? [] : [telling]));
    const done = new AbortController();
    await Promise.race([
      Promise.allSettled(under),
      sleep(STOP_BOUND_MS, undefined, { ref: false, signal: done.signal }).catch(() => undefined),
    ]);
    done.abort();
    this.#db?.[Symbol.dispose]();
    this.#db = null;
  }
}
