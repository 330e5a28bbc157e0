/** Who may keep a flow from sending. */
export type HeldBy = "person" | "vip" | "schedule";

/** The order in which reasons are told where there are several. */
const ORDER: readonly HeldBy[] = ["person", "vip", "schedule"];

/** What keeps a flow from sending for a while, although nothing is wrong: detection goes on meanwhile. */
export class Holds {
  readonly #reasons = new Map<HeldBy, string>();

  /** @param reason null: not by this one any more. `true` where that changed anything. */
  set(by: HeldBy, reason: string | null): boolean {
    const before = this.#reasons.get(by) ?? null;
    if (reason === null) this.#reasons.delete(by);
    else this.#reasons.set(by, reason);
    return before !== reason;
  }

  has(by: HeldBy): boolean {
    return this.#reasons.has(by);
  }

  get reason(): string | null {
    const first = ORDER.find((by) => this.#reasons.has(by));
    return first === undefined ? null : (this.#reasons.get(first) ?? null);
  }
}
