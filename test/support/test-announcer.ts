import type { Announced, Announcer, BusState, Published } from "../../src/flow/bus.ts";

/** An announcer that does as the test says, and remembers what it was asked to publish. */
export class TestAnnouncer implements Announcer {
  readonly published: Announced[] = [];
  /** What the broker says to each; confirmed, where the test says nothing. */
  answer: (announced: Announced) => Published | Promise<Published> = () => ({ outcome: "confirmed" });
  underWay = 0;
  mostUnderWay = 0;
  #state: BusState = { state: "ready" };
  readonly #listeners = new Set<() => void>();

  get state(): BusState {
    return this.#state;
  }

  becomes(state: BusState): void {
    this.#state = state;
    for (const listener of this.#listeners) listener();
  }

  onState(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  async publish(announced: Announced): Promise<Published> {
    this.published.push(announced);
    this.mostUnderWay = Math.max(this.mostUnderWay, ++this.underWay);
    try {
      return await this.answer(announced);
    } finally {
      this.underWay--;
    }
  }

  /** Paths in the order in which they were published. */
  get paths(): string[] {
    return this.published.map(({ change }) => change.path);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.becomes({ state: "closed" });
  }
}
