import { readFile } from "node:fs/promises";
import { type ChannelModel, connect } from "amqplib";
import { type Backoff, backoffDelayMs } from "../../kernel/backoff.ts";
import type { Clock } from "../../kernel/clock.ts";
import type { BrokerAddress } from "./address.ts";
import type { CredentialsRead } from "./credentials.ts";
import { asksForAPerson, type LinkState, type LinkTrouble, REFUSED_WAIT_MIN_MS, troubleOf, troubleOfCredentials } from "./link-state.ts";

export type LinkSettings = {
  address: BrokerAddress;
  /** Asked before each try. */
  credentials: () => Promise<CredentialsRead>;
  /** The only authorities that a broker's certificate may be of; null: the system's. */
  caFile: string | null;
  /** How the broker's own tools name this connection. */
  name: string;
  backoff: Backoff;
  connectTimeoutMs: number;
  /** Both sides say something at least this often; a broker that is silent for two of them is gone. */
  heartbeatS: number;
  clock: Clock;
};

export const linkDefaults = { backoff: { minMs: 250, maxMs: 60_000 }, connectTimeoutMs: 10_000, heartbeatS: 10 } as const;

const CLOSE_TIMEOUT_MS = 2000;

/** A connection as long as it lives; `ended` aborts when it is gone. */
export type Connection = { model: ChannelModel; ended: AbortSignal };

/**
 * One connection to a broker that is made again whenever it ends, for ever, with growing waits. What hangs on it
 * (channels, consumers) is the business of those who use it: they wait for `connection` again once `ended` aborted.
 */
export class Link implements AsyncDisposable {
  readonly #settings: LinkSettings;
  readonly #stop = new AbortController();
  readonly #listeners = new Set<(state: LinkState) => void>();
  readonly #running: Promise<void>;
  #state: LinkState;
  #connection: Connection | null = null;
  #user: string | null;
  #arrival: PromiseWithResolvers<Connection> = Promise.withResolvers();

  constructor(settings: LinkSettings) {
    this.#settings = settings;
    this.#state = { state: "connecting", sinceMs: settings.clock.wall(), failures: 0, trouble: null };
    this.#user = settings.address.user;
    // Nobody may be waiting when the link is closed.
    this.#arrival.promise.catch(() => {});
    this.#running = this.#run();
  }

  get state(): LinkState {
    return this.#state;
  }

  /** As whom, last; null where the address names nobody and no credentials were read yet. */
  get user(): string | null {
    return this.#user;
  }

  /** Calls back at each change of the state; the answer takes the listener away. */
  onState(listener: (state: LinkState) => void): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  /** The connection, once there is one; rejects when the signal aborts or the link is closed. A blocked one is one. */
  async connection(signal: AbortSignal): Promise<Connection> {
    signal.throwIfAborted();
    if (this.#connection !== null) return this.#connection;
    const aborted = Promise.withResolvers<never>();
    const abort = (): void => aborted.reject(signal.reason);
    signal.addEventListener("abort", abort, { once: true });
    try {
      return await Promise.race([this.#arrival.promise, aborted.promise]);
    } finally {
      signal.removeEventListener("abort", abort);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort(new Error("the link is closed"));
    this.#arrival.reject(this.#stop.signal.reason);
    await this.#running;
  }

  async #run(): Promise<void> {
    const { clock, backoff } = this.#settings;
    let failures = 0;
    let last: LinkTrouble | null = null;
    while (!this.#stop.signal.aborted) {
      this.#become({ state: "connecting", sinceMs: clock.wall(), failures, trouble: last });
      const trouble = await this.#connectOnce(() => (failures = 0));
      if (this.#stop.signal.aborted) break;
      failures += 1;
      last = trouble;
      const waitMs = Math.max(
        backoffDelayMs(backoff, failures),
        asksForAPerson(trouble) ? Math.min(REFUSED_WAIT_MIN_MS, backoff.maxMs) : 0,
      );
      this.#become({ state: "waiting", sinceMs: clock.wall(), untilMs: clock.wall() + waitMs, failures, trouble });
      await clock.sleep(waitMs, this.#stop.signal).catch(() => {});
    }
    this.#become({ state: "closed" });
  }

  /** One life of the connection; the answer is why it ended. */
  async #connectOnce(onReady: () => void): Promise<LinkTrouble> {
    let model: ChannelModel;
    try {
      const credentials = await this.#settings.credentials();
      if (!credentials.ok) return troubleOfCredentials(credentials.fault);
      this.#user = credentials.credentials.user;
      model = await this.#unlessStopped(this.#open(credentials.credentials.user, credentials.credentials.password.reveal()));
    } catch (error) {
      return troubleOf(error, false);
    }
    const end = Promise.withResolvers<LinkTrouble>();
    const depart = this.#arrive(model);
    let last: unknown = new Error("the connection ended");
    model.on("error", (error) => (last = error));
    model.on("close", (error) => {
      depart();
      end.resolve(troubleOf(error ?? last, true));
    });
    const hangUp = (): void =>
      void closeWithin(model, CLOSE_TIMEOUT_MS).then(() => end.resolve({ trouble: "lost", detail: "it was closed by us" }));
    this.#stop.signal.addEventListener("abort", hangUp, { once: true });
    if (this.#stop.signal.aborted) hangUp();
    onReady();
    const trouble = await end.promise;
    depart();
    this.#stop.signal.removeEventListener("abort", hangUp);
    return trouble;
  }

  /** Hands the connection to those who wait for it. The answer takes it away again, at once: nobody gets one that ended. */
  #arrive(model: ChannelModel): () => void {
    const { clock } = this.#settings;
    const ended = new AbortController();
    const server = serverOf(model);
    const ready = (): void => this.#become({ state: "ready", sinceMs: clock.wall(), server });
    model.on("blocked", (reason) => this.#become({ state: "blocked", sinceMs: clock.wall(), server, reason: reason.slice(0, 200) }));
    model.on("unblocked", ready);
    const connection = { model, ended: ended.signal };
    this.#connection = connection;
    this.#arrival.resolve(connection);
    ready();
    return () => {
      if (this.#connection !== connection) return;
      this.#connection = null;
      this.#arrival = Promise.withResolvers();
      this.#arrival.promise.catch(() => {});
      if (this.#stop.signal.aborted) this.#arrival.reject(this.#stop.signal.reason);
      ended.abort(new Error("the connection to the broker ended"));
    };
  }

  /** A host that does not answer must not hold up our end: what still comes is hung up. */
  async #unlessStopped(opening: Promise<ChannelModel>): Promise<ChannelModel> {
    const { signal } = this.#stop;
    const stopped = Promise.withResolvers<never>();
    const stop = (): void => {
      stopped.reject(signal.reason);
      opening.then((model) => closeWithin(model, CLOSE_TIMEOUT_MS)).catch(() => {});
    };
    stopped.promise.catch(() => {});
    signal.addEventListener("abort", stop, { once: true });
    if (signal.aborted) stop();
    try {
      return await Promise.race([opening, stopped.promise]);
    } finally {
      signal.removeEventListener("abort", stop);
    }
  }

  async #open(username: string, password: string): Promise<ChannelModel> {
    const { address, caFile, name, connectTimeoutMs, heartbeatS } = this.#settings;
    const url = {
      protocol: address.tls ? "amqps" : "amqp",
      hostname: address.host,
      port: address.port,
      vhost: address.vhost,
      username,
      password,
      heartbeat: heartbeatS,
    };
    const ca = caFile === null ? {} : { ca: [await readFile(caFile)] };
    const options = {
      noDelay: true,
      keepAlive: true,
      timeout: connectTimeoutMs,
      clientProperties: { connection_name: name, product: "hotdir" },
      ...ca,
    };
    return connect(url, options);
  }

  #become(state: LinkState): void {
    this.#state = state;
    for (const listener of this.#listeners) listener(state);
  }
}

function serverOf(model: ChannelModel): string {
  const { product, version } = model.connection.serverProperties;
  return `${product} ${version}`;
}

/** Says goodbye, and hangs up where nobody answers. */
async function closeWithin(model: ChannelModel, timeoutMs: number): Promise<void> {
  const giveUp = Promise.withResolvers<void>();
  const timer = setTimeout(() => {
    (model.connection as unknown as { stream?: { destroy(): void } }).stream?.destroy();
    giveUp.resolve();
  }, timeoutMs);
  await Promise.race([model.close().catch(() => {}), giveUp.promise]);
  clearTimeout(timer);
}
