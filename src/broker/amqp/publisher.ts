import type { ConfirmChannel, Message as ReturnedMessage } from "amqplib";
import { type Backoff, backoffDelayMs } from "../../kernel/backoff.ts";
import type { Clock, SteadyMs } from "../../kernel/clock.ts";
import { messageOf } from "../../kernel/errors.ts";
import { redact } from "../../kernel/redact.ts";
import type { Connection, Link } from "./link.ts";

export type Publication = {
  /** The empty string: straight to the queue that `routingKey` names. */
  exchange: string;
  routingKey: string;
  body: Buffer;
  properties: { contentType?: string; contentEncoding?: string; deliveryMode: number; headers: Readonly<Record<string, unknown>> };
};

export type PublishOutcome =
  /** The broker has it for good, in each queue that wanted it. */
  | { outcome: "confirmed" }
  /** The broker has no queue that wants it; it holds nothing of it. */
  | { outcome: "unrouted" }
  /** The broker does not want it, and holds nothing of it. */
  | { outcome: "refused"; detail: string }
  /** Nothing left us: there is no connection, or the broker takes nothing. */
  | { outcome: "not-sent"; detail: string }
  /** The connection ended before the broker said anything. It may have it: publishing again may make a second. */
  | { outcome: "unknown"; detail: string };

export type PublisherState =
  | { state: "no-link" }
  | { state: "ready"; underWay: number }
  /** The broker refuses what is needed first: the exchange is missing, or not for this user. */
  | { state: "refused"; detail: string; untilMs: number }
  | { state: "closed" };

export type PublisherSettings = {
  link: Link;
  clock: Clock;
  backoff: Backoff;
  /** Messages that are with the broker unconfirmed at one time; further ones wait. */
  windowMax: number;
  /**
   * A message that the broker did not answer for so long is asked for again on another channel: a quorum queue that
   * has no leader yet, just after the broker started, was seen to swallow one.
   */
  confirmTimeoutMs: number;
  /** What has to be there before anything is published. */
  prepare: (channel: ConfirmChannel) => Promise<void>;
  /** Called after each change of the state. */
  changed?: () => void;
};

export const publisherDefaults = { windowMax: 1000, confirmTimeoutMs: 30_000 } as const;

const CLOSE_TIMEOUT_MS = 2000;

type Pending = { publication: Publication; settle: (outcome: PublishOutcome) => void; returned: boolean; sinceMs: SteadyMs };

/**
 * Publishes with confirms. It keeps nothing: what was not confirmed is still the caller's, who asks again. Messages of
 * one caller that waits for each outcome reach the broker in order.
 */
export class Publisher implements AsyncDisposable {
  readonly #settings: PublisherSettings;
  readonly #stop = new AbortController();
  readonly #running: Promise<void>;
  readonly #pending = new Set<Pending>();
  readonly #waiting: Array<() => void> = [];
  #channel: ConfirmChannel | null = null;
  #failures = 0;
  #state: PublisherState = { state: "no-link" };

  constructor(settings: PublisherSettings) {
    this.#settings = settings;
    this.#running = this.#run();
  }

  get state(): PublisherState {
    return this.#state.state === "ready" ? { state: "ready", underWay: this.#pending.size } : this.#state;
  }

  async publish(publication: Publication): Promise<PublishOutcome> {
    while (this.#pending.size >= this.#settings.windowMax && this.#channel !== null) {
      await new Promise<void>((resolve) => this.#waiting.push(resolve));
    }
    const { link } = this.#settings;
    const channel = this.#channel;
    if (channel === null)
      return { outcome: "not-sent", detail: this.#state.state === "refused" ? this.#state.detail : "there is no connection" };
    // What is written to a blocked connection lies in our own memory.
    if (link.state.state === "blocked") return { outcome: "not-sent", detail: `the broker takes nothing (${link.state.reason})` };
    const settled = Promise.withResolvers<PublishOutcome>();
    const pending: Pending = { publication, settle: settled.resolve, returned: false, sinceMs: this.#settings.clock.steady() };
    this.#pending.add(pending);
    try {
      const { exchange, routingKey, body, properties } = publication;
      channel.publish(
        exchange,
        routingKey,
        body,
        { ...properties, headers: { ...properties.headers }, mandatory: true },
        (error: unknown) => this.#answered(pending, error),
      );
    } catch (error) {
      // The channel closed within this very moment.
      this.#settle(pending, { outcome: "not-sent", detail: redact(messageOf(error)) });
    }
    return settled.promise;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort(new Error("the publisher is closed"));
    await this.#running;
  }

  async #run(): Promise<void> {
    const { link, clock, backoff, prepare } = this.#settings;
    const { signal } = this.#stop;
    while (!signal.aborted) {
      this.#become({ state: "no-link" });
      let connection: Connection | null = null;
      try {
        connection = await link.connection(signal);
        const opened = await openConfirmChannel(connection);
        await prepare(opened.channel);
        await this.#serve(opened, connection);
      } catch (error) {
        // No connection comes any more: we, or the link, are closed.
        if (signal.aborted || connection === null) break;
        // That this one ended is the link's to wait for.
        if (connection.ended.aborted) continue;
        this.#failures += 1;
        const waitMs = backoffDelayMs(backoff, this.#failures);
        this.#become({ state: "refused", detail: redact(messageOf(error)).slice(0, 300), untilMs: clock.wall() + waitMs });
        await clock.sleep(waitMs, signal).catch(() => {});
      }
    }
    this.#become({ state: "closed" });
  }

  /** One life of a channel; throws what the broker closed it for. */
  async #serve(opened: OpenedChannel, connection: Connection): Promise<void> {
    const { channel, closed } = opened;
    const { clock } = this.#settings;
    channel.on("return", (message) => this.#returned(message));
    this.#channel = channel;
    this.#become({ state: "ready", underWay: 0 });
    this.#wake();
    const stopped = Promise.withResolvers<string>();
    const stop = (): void => stopped.resolve("it was closed by us");
    this.#stop.signal.addEventListener("abort", stop, { once: true });
    if (this.#stop.signal.aborted) stop();
    const why = await Promise.race([closed, stopped.promise, this.#silence(opened.gone)]);
    this.#stop.signal.removeEventListener("abort", stop);
    this.#channel = null;
    // amqplib answers all that is under way when a channel closes; those that it answered are not here any more.
    for (const pending of this.#pending) this.#settle(pending, { outcome: "unknown", detail: why });
    this.#wake();
    if (connection.ended.aborted) return;
    const closing = channel.close().catch(() => {});
    // Who is silent may be silent about this, too.
    if (this.#stop.signal.aborted) await Promise.race([closing, clock.sleep(CLOSE_TIMEOUT_MS, connection.ended).catch(() => {})]);
    throw new Error(why);
  }

  /** Resolves once a message waited too long for its confirm; time within which the broker takes nothing does not count. */
  async #silence(gone: AbortSignal): Promise<string> {
    const { clock, confirmTimeoutMs, link } = this.#settings;
    let countedFromMs = clock.steady();
    while (!gone.aborted) {
      await clock.sleep(confirmTimeoutMs / 4, gone).catch(() => {});
      const now = clock.steady();
      if (link.state.state === "blocked") countedFromMs = now;
      const [oldest] = this.#pending;
      if (oldest !== undefined && now - Math.max(oldest.sinceMs, countedFromMs) > confirmTimeoutMs) break;
    }
    return `the broker did not confirm within ${confirmTimeoutMs} ms`;
  }

  #become(state: PublisherState): void {
    this.#state = state;
    this.#settings.changed?.();
  }

  #answered(pending: Pending, error: unknown): void {
    if (error === null || error === undefined) {
      this.#failures = 0;
      return this.#settle(pending, { outcome: pending.returned ? "unrouted" : "confirmed" });
    }
    const detail = redact(messageOf(error)).slice(0, 300);
    // amqplib's one word for a message that the broker itself turned down; all others are channels that closed.
    this.#settle(pending, detail === "message nacked" ? { outcome: "refused", detail } : { outcome: "unknown", detail });
  }

  /** Comes before the confirm of the same message, which has no number: the oldest of those with the same bytes is meant. */
  #returned(message: ReturnedMessage): void {
    const { exchange, routingKey } = message.fields;
    for (const pending of this.#pending) {
      const { publication } = pending;
      if (pending.returned || publication.exchange !== exchange || publication.routingKey !== routingKey) continue;
      if (!publication.body.equals(message.content)) continue;
      pending.returned = true;
      return;
    }
  }

  #settle(pending: Pending, outcome: PublishOutcome): void {
    if (!this.#pending.delete(pending)) return;
    pending.settle(outcome);
    this.#waiting.shift()?.();
  }

  #wake(): void {
    for (const resolve of this.#waiting.splice(0)) resolve();
  }
}

/** `gone` aborts when `closed` resolves. */
type OpenedChannel = { channel: ConfirmChannel; closed: Promise<string>; gone: AbortSignal };

async function openConfirmChannel(connection: Connection): Promise<OpenedChannel> {
  const channel = await connection.model.createConfirmChannel();
  const closed = Promise.withResolvers<string>();
  const gone = new AbortController();
  let why = "the connection ended";
  const close = (): void => {
    gone.abort(new Error(why));
    closed.resolve(why);
  };
  channel.on("error", (error) => (why = redact(error.message).slice(0, 300)));
  channel.on("close", close);
  connection.ended.addEventListener("abort", close, { once: true });
  return { channel, closed: closed.promise, gone: gone.signal };
}
