import type { Clock } from "../../kernel/clock.ts";
import { Slots } from "../../kernel/concurrency.ts";
import { HotdirError } from "../../kernel/errors.ts";
import type { Log } from "../../kernel/log.ts";
import type { Files } from "../send/contract.ts";
import { abortable } from "./abortable.ts";
import { Standoff } from "./standoff.ts";

/** Connections to one host at most, and files that are open on one before another is made. */
const CONNECTIONS_MAX = 4;
const FILES_PER_CONNECTION = 16;
/** Files under way at one host: what a host that hangs can hold. */
const FILES_MAX = 128;
/** After the host refused one more connection, this long no more are asked for. */
const CAP_MS = 30_000;

type Connection = { files: Files; underWay: number };

/** One file's share of a connection. */
export type Share = Disposable & { files: Files };

/** The SFTP connections to one host, opened as they are wanted and shared by all files that are fetched from it. */
export class SftpHost implements AsyncDisposable {
  readonly standoff: Standoff;
  usedAtMs: number;
  readonly #host: string;
  readonly #connect: (signal: AbortSignal) => Promise<Files>;
  readonly #clock: Clock;
  readonly #slots = new Slots(FILES_MAX);
  readonly #stop = new AbortController();
  #connections: Connection[] = [];
  #opening: Promise<void> | null = null;
  #cappedUntil = 0;
  #underWay = 0;

  constructor(options: { host: string; connect: (signal: AbortSignal) => Promise<Files>; clock: Clock; log: Log; back: () => void }) {
    this.#host = options.host;
    this.#connect = options.connect;
    this.#clock = options.clock;
    this.standoff = new Standoff(options.host, options);
    this.usedAtMs = options.clock.steady();
  }

  get busy(): boolean {
    return this.#underWay > 0;
  }

  /** Waits for a turn, and for the first connection. Rejects with an error of scope `origin`. */
  async take(signal: AbortSignal): Promise<Share> {
    this.#underWay++;
    this.usedAtMs = this.#clock.steady();
    const slot = await this.#slots.take(signal).catch((error: unknown) => {
      this.#underWay--;
      throw error;
    });
    let connection: Connection | null = null;
    const give = (): void => {
      this.#underWay--;
      this.usedAtMs = this.#clock.steady();
      if (connection !== null) connection.underWay--;
      slot[Symbol.dispose]();
    };
    try {
      connection = await this.#pick(signal);
      connection.underWay++;
      return { files: connection.files, [Symbol.dispose]: give };
    } catch (error) {
      give();
      throw error;
    }
  }

  async #pick(signal: AbortSignal): Promise<Connection> {
    for (;;) {
      signal.throwIfAborted();
      const least = this.#connections.reduce<Connection | null>(
        (best, next) => (best === null || next.underWay < best.underWay ? next : best),
        null,
      );
      if (least !== null) {
        const loaded = least.underWay >= FILES_PER_CONNECTION && this.#connections.length < CONNECTIONS_MAX;
        if (loaded && this.#clock.steady() >= this.#cappedUntil) void this.#open().catch(() => undefined);
        return least;
      }
      using turn = new DisposableStack();
      turn.use(this.standoff.enter());
      await abortable(this.#open(), signal);
    }
  }

  /** One at a time: where the first fails, many would fail alike. */
  #open(): Promise<void> {
    this.#opening ??= this.#openOne().finally(() => (this.#opening = null));
    return this.#opening;
  }

  async #openOne(): Promise<void> {
    try {
      const files = await this.#connect(this.#stop.signal);
      if (this.#stop.signal.aborted) {
        await files[Symbol.asyncDispose]();
        throw new HotdirError("interrupted", { operation: "fetch" });
      }
      const connection: Connection = { files, underWay: 0 };
      this.#connections.push(connection);
      void files.ended.then(() => (this.#connections = this.#connections.filter((other) => other !== connection)));
      this.standoff.succeeded();
    } catch (error) {
      if (this.#stop.signal.aborted) throw error;
      this.#cappedUntil = this.#clock.steady() + CAP_MS;
      // One more than the host takes is no outage.
      if (this.#connections.length === 0) throw this.standoff.failed(error);
    }
  }

  /** What a call on a connection threw, as what it means for the origin. */
  explained(error: unknown): unknown {
    if (!(error instanceof HotdirError) || (error.scope !== "connection" && error.scope !== "destination")) return error;
    return new HotdirError("origin-lost", { operation: "fetch", host: this.#host, detail: error.detail ?? error.message, cause: error });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort(new HotdirError("interrupted", { operation: "fetch" }));
    await this.#opening?.catch(() => undefined);
    await Promise.allSettled(this.#connections.splice(0).map(({ files }) => files[Symbol.asyncDispose]()));
  }
}
