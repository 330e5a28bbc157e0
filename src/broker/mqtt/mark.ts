import { randomBytes } from "node:crypto";
import { endTopicOf } from "./topics.ts";
import type { Wire } from "./wire.ts";

/** A message that a connection sends to itself, to know that all that was on its way before has come. */
export class Mark {
  readonly topic: string;
  readonly #came = Promise.withResolvers<void>();

  constructor(queue: string) {
    this.topic = endTopicOf(queue, randomBytes(6).toString("hex"));
  }

  /** Whether this is it. */
  isAt(topic: string): boolean {
    if (topic === this.topic) this.#came.resolve();
    return topic === this.topic;
  }

  /**
   * Subscribes, then sends itself, and waits until it comes: the broker gives what it kept, and what it retains, before. False: it did
   * not come, since the connection ended, the signal aborted or the broker refused something.
   */
  async ask(wire: Wire, filters: readonly string[], stop: AbortSignal): Promise<boolean> {
    if ((await wire.subscribe([...filters, this.topic])) !== null) return false;
    const sent = await wire.publish({ topic: this.topic, payload: Buffer.from(" "), contentType: null, userProperties: {}, retain: false });
    if (sent.answer !== "code" || sent.code !== 0) return false;
    const given = AbortSignal.any([wire.ended, stop]);
    const leave = (): void => this.#came.resolve();
    given.addEventListener("abort", leave, { once: true });
    if (given.aborted) leave();
    await this.#came.promise;
    given.removeEventListener("abort", leave);
    return !given.aborted;
  }
}
