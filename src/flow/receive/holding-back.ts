import type { RelPath } from "../../kernel/path.ts";
import type { SubscribedSource, SubscriptionSettings } from "../settings.ts";
import type { Change } from "../transfer.ts";
import type { PendingMessage } from "./pending.ts";
import type { Routed } from "./places.ts";

/** Of so many messages that wait, none need be asked for again soon: the broker gives so many, whatever the flow's prefetch. */
export const HELD_BACK_MAX = 10_000;

/** What waits to become old enough takes no place of what is followed. */
export function withRoom({ subscription, settle }: SubscribedSource): SubscriptionSettings {
  const holdsBack = settle.kind === "quiet" && settle.quietMs > 0;
  return holdsBack ? { ...subscription, prefetch: Math.max(subscription.prefetch, HELD_BACK_MAX) } : subscription;
}

/** A path that changes all the time is followed once in so many waits. */
const WAITS_MAX = 10;

const TIMER_MAX_MS = 86_400_000;

/** `sinceMs`: of the first one of the path that was replaced by another, and so on until this one. */
type Held = { message: PendingMessage; routed: Routed; sinceMs: number; timer: NodeJS.Timeout; lost: () => void };

/**
 * Messages that wait until they are so old (`settle`), so that of many changes of a path only the last is followed. One that is
 * replaced is done: the newer one is not acknowledged yet, and says all that is left to say.
 */
export class HoldingBack {
  readonly #quietMs: number;
  readonly #due: (message: PendingMessage, routed: Routed) => void;
  readonly #byPath = new Map<RelPath, Set<Held>>();
  #size = 0;

  constructor(quietMs: number, due: (message: PendingMessage, routed: Routed) => void) {
    this.#quietMs = quietMs;
    this.#due = due;
  }

  get size(): number {
    return this.#size;
  }

  /** False: it is old enough. */
  hold(message: PendingMessage, routed: Routed, nowMs: number): boolean {
    const { change } = routed;
    const { pubTimeNs } = message.received.told;
    const ageMs = nowMs - Number(pubTimeNs / 1_000_000n);
    // Other hosts have other clocks: never longer than asked for.
    const leftMs = Math.min(this.#quietMs, this.#quietMs - ageMs);
    if (leftMs <= 0) return false;
    const paths = change.kind === "rename" ? [change.path, change.from] : [change.path];
    const sinceMs = Math.min(nowMs, ...paths.flatMap((path) => this.#replace(path, pubTimeNs)));
    if (this.#isReplaced(change, pubTimeNs)) {
      message.answer({ outcome: "done" });
      return true;
    }
    const waitMs = Math.min(leftMs, Math.max(0, sinceMs + WAITS_MAX * this.#quietMs - nowMs));
    const held: Held = { message, routed, sinceMs, timer: this.#inTime(waitMs, () => held), lost: () => void this.#take(held) };
    const there = this.#byPath.get(change.path) ?? new Set();
    there.add(held);
    this.#byPath.set(change.path, there);
    this.#size++;
    // The signal is of all messages of a connection: whatever still listens is kept as long as that lasts.
    message.signal.addEventListener("abort", held.lost);
    return true;
  }

  /** All of it: nothing is followed any more. Whoever asked answers them. */
  clear(): void {
    for (const there of this.#byPath.values()) for (const held of there) this.#take(held);
  }

  /** A rename or removal stays: it also concerns what is at the destination. Answers since when those waited that went. */
  #replace(path: RelPath, byPubTimeNs: bigint): number[] {
    const since: number[] = [];
    for (const held of this.#byPath.get(path) ?? []) {
      const { message } = held;
      const { change } = held.routed;
      const stays = change.kind === "rename" || change.kind === "delete" || change.kind === "rmdir";
      if (stays || message.received.told.pubTimeNs > byPubTimeNs) continue;
      this.#take(held);
      since.push(held.sinceMs);
      message.answer({ outcome: "done" });
    }
    return since;
  }

  #isReplaced({ kind, path }: Change, pubTimeNs: bigint): boolean {
    if (kind === "rename" || kind === "delete" || kind === "rmdir") return false;
    return [...(this.#byPath.get(path) ?? [])].some(({ message }) => message.received.told.pubTimeNs > pubTimeNs);
  }

  /** A timer of Node holds 25 days, and ends at once where it is asked for more. */
  #inTime(waitMs: number, held: () => Held): NodeJS.Timeout {
    const firstMs = Math.min(waitMs, TIMER_MAX_MS);
    return setTimeout(() => {
      if (waitMs > firstMs) held().timer = this.#inTime(waitMs - firstMs, held);
      else this.#release(held());
    }, firstMs);
  }

  #release(held: Held): void {
    if (this.#take(held)) this.#due(held.message, held.routed);
  }

  #take(held: Held): boolean {
    clearTimeout(held.timer);
    held.message.signal.removeEventListener("abort", held.lost);
    const there = this.#byPath.get(held.routed.change.path);
    if (there === undefined || !there.delete(held)) return false;
    if (there.size === 0) this.#byPath.delete(held.routed.change.path);
    this.#size--;
    return true;
  }
}
