import type { Announced, Announcer, BusState, Published } from "../../flow/bus.ts";
import type { PublishSettings } from "../../flow/settings.ts";
import { wireProperties } from "../messages/message.ts";
import { outgoing } from "../messages/outgoing.ts";
import type { Link } from "./link.ts";
import { topicOf } from "./topics.ts";
import type { Answer } from "./under-way.ts";

/** No subscription of any host matches the topic. */
export const NO_SUBSCRIBERS = 0x10;

/** Publishes with acknowledgements (QoS 1). It keeps nothing: what was not confirmed is still the caller's. */
export class MqttAnnouncer implements Announcer {
  readonly #link: Link;
  readonly #settings: PublishSettings;
  readonly #release: () => Promise<void>;
  #released = false;

  /** `release`: the link serves other announcers as well. */
  constructor(link: Link, settings: PublishSettings, release: () => Promise<void>) {
    this.#link = link;
    this.#settings = settings;
    this.#release = release;
  }

  get state(): BusState {
    return this.#link.state;
  }

  onState(listener: () => void): () => void {
    return this.#link.onState(listener);
  }

  async publish(announced: Announced): Promise<Published> {
    const { wire } = this.#link;
    if (wire === null) return { outcome: "not-sent", detail: "there is no connection" };
    const message = outgoing(announced, this.#settings, this.#link.user);
    if (!message.ok) return { outcome: "refused", detail: message.detail };
    const answer = await wire.publish({
      topic: topicOf(message.exchange, this.#settings.topicPrefix, announced.change.path),
      payload: message.body,
      contentType: wireProperties.contentType,
      userProperties: {},
      retain: false,
    });
    return publishedOf(answer);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#released) return;
    this.#released = true;
    await this.#release();
  }
}

export function publishedOf(answer: Exclude<Answer, { answer: "granted" }>): Published {
  if (answer.answer !== "code") return { outcome: answer.answer, detail: answer.detail };
  if (answer.code === 0) return { outcome: "confirmed" };
  return answer.code === NO_SUBSCRIBERS ? { outcome: "unrouted" } : { outcome: "refused", detail: answer.detail };
}
