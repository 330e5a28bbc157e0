import type { Announced, Announcer, BusState, Published } from "../flow/bus.ts";
import type { AnnouncerCounts } from "./standing.ts";

/** Counts what became of announcements. */
export class Counted implements Announcer {
  readonly #announcer: Announcer;
  readonly counts: AnnouncerCounts = { published: 0, unrouted: 0, refused: 0 };

  constructor(announcer: Announcer) {
    this.#announcer = announcer;
  }

  get state(): BusState {
    return this.#announcer.state;
  }

  onState(listener: () => void): () => void {
    return this.#announcer.onState(listener);
  }

  async publish(announced: Announced): Promise<Published> {
    const published = await this.#announcer.publish(announced);
    if (published.outcome === "confirmed") this.counts.published += 1;
    else if (published.outcome === "unrouted" || published.outcome === "refused") this.counts[published.outcome] += 1;
    return published;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#announcer[Symbol.asyncDispose]();
  }
}
