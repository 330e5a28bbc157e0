import type { SteadyMs } from "../../kernel/clock.ts";

/** What the broker said to something that we sent. */
export type Answer =
  /** `code`: 0, or 0x10 where no subscription wanted it, or why not. */
  | { answer: "code"; code: number; detail: string }
  | { answer: "granted"; codes: number[] }
  | { answer: "not-sent"; detail: string }
  /** The connection ended before the broker said anything. */
  | { answer: "unknown"; detail: string };

const ID_MAX = 0xffff;

/** What was sent and is not answered, by its number. */
export class UnderWay {
  readonly #pending = new Map<number, { settle: (answer: Answer) => void; sinceMs: SteadyMs }>();
  readonly #waiting: Array<() => void> = [];
  #places = 0;
  #taken = 0;
  #lastId = 0;
  #ended: string | null = null;

  /** How many messages may be under way at one time; the broker says it in its greeting. */
  open(places: number): void {
    this.#places = places;
  }

  /** Once there is a place; false: there is none any more. */
  async place(): Promise<boolean> {
    while (this.#taken >= this.#places && this.#ended === null) await new Promise<void>((resolve) => this.#waiting.push(resolve));
    if (this.#ended !== null) return false;
    this.#taken += 1;
    return true;
  }

  leave(): void {
    this.#taken -= 1;
    this.#waiting.shift()?.();
  }

  freeId(): number {
    do this.#lastId = (this.#lastId % ID_MAX) + 1;
    while (this.#pending.has(this.#lastId));
    return this.#lastId;
  }

  async answerTo(id: number, sinceMs: SteadyMs): Promise<Answer> {
    if (this.#ended !== null) return { answer: "unknown", detail: this.#ended };
    const { promise, resolve } = Promise.withResolvers<Answer>();
    this.#pending.set(id, { settle: resolve, sinceMs });
    return promise;
  }

  settle(id: number | undefined, answer: Answer): void {
    if (id === undefined) return;
    const pending = this.#pending.get(id);
    this.#pending.delete(id);
    pending?.settle(answer);
  }

  /** Since when the oldest waits; null: none does. */
  get oldestMs(): SteadyMs | null {
    const [oldest] = this.#pending.values();
    return oldest?.sinceMs ?? null;
  }

  end(detail: string): void {
    this.#ended = detail;
    for (const { settle } of this.#pending.values()) settle({ answer: "unknown", detail });
    this.#pending.clear();
    for (const resolve of this.#waiting.splice(0)) resolve();
  }
}
