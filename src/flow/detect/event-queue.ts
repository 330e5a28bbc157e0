import { type InotifyEvent, mask } from "./inotify-event.ts";

export type QueuedEvent = InotifyEvent & { drainedAtMs: number };

/** The other half of a move, or none: it left the tree, or came from outside. */
export type NextEvent = { event: QueuedEvent; movedTo: QueuedEvent | null };

const putLike = mask.create | mask.closeWrite | mask.attrib;
const structural = mask.movedFrom | mask.movedTo | mask.delete | mask.isDirectory | mask.ignored | mask.unmount | mask.overflow;

/**
 * Events in the order of the kernel, bounded. Several put-like events of one file become one, at
 * the place of the first; a move, a delete or a directory in between keeps them apart. Moves are
 * given out as pairs.
 */
export class EventQueue {
  readonly #limit: number;
  readonly #pairWithinMs: number;
  #events: QueuedEvent[] = [];
  #head = 0;
  /** Put-like events since the last structural one, by `wd/name`. */
  readonly #pending = new Map<string, QueuedEvent>();
  readonly #arrivals = new Map<number, QueuedEvent>();
  /** Arrivals that were given out with their departure. */
  readonly #paired = new Set<QueuedEvent>();
  /** Events that had no room; the caller must scan, and reset this. */
  dropped = 0;

  constructor(options: { limit: number; pairWithinMs: number }) {
    this.#limit = options.limit;
    this.#pairWithinMs = options.pairWithinMs;
  }

  get size(): number {
    return this.#events.length - this.#head;
  }

  push(event: InotifyEvent, nowMs: number): void {
    const plain = (event.mask & structural) === 0 && event.name !== "";
    const key = `${event.wd}/${event.name}`;
    const earlier = plain ? this.#pending.get(key) : undefined;
    if (earlier !== undefined) {
      earlier.mask |= event.mask & putLike;
      return;
    }
    if (this.size >= this.#limit) {
      this.dropped++;
      return;
    }
    const queued = { ...event, drainedAtMs: nowMs };
    this.#events.push(queued);
    if (plain) this.#pending.set(key, queued);
    else this.#pending.clear();
    if ((event.mask & mask.movedTo) !== 0) this.#arrivals.set(event.cookie, queued);
  }

  /** null: nothing to do now. A departure waits a moment for its arrival, and everything behind it waits with it, so that the order stays. */
  next(nowMs: number): NextEvent | null {
    for (;;) {
      const event = this.#events[this.#head];
      if (event === undefined) return null;
      if (this.#paired.delete(event)) {
        this.#advance(event);
        continue;
      }
      if ((event.mask & mask.movedFrom) === 0) {
        this.#advance(event);
        return { event, movedTo: null };
      }
      const movedTo = this.#arrivals.get(event.cookie) ?? null;
      if (movedTo === null && nowMs - event.drainedAtMs < this.#pairWithinMs) return null;
      if (movedTo !== null) this.#paired.add(movedTo);
      this.#advance(event);
      return { event, movedTo };
    }
  }

  /** When the departure at the head stops waiting; 0: something can be done now; null: the queue is empty. */
  waitMs(nowMs: number): number | null {
    const event = this.#events[this.#head];
    if (event === undefined) return null;
    if ((event.mask & mask.movedFrom) === 0 || this.#arrivals.has(event.cookie)) return 0;
    return Math.max(0, event.drainedAtMs + this.#pairWithinMs - nowMs);
  }

  #advance(event: QueuedEvent): void {
    this.#head++;
    if ((event.mask & mask.movedTo) !== 0) this.#arrivals.delete(event.cookie);
    const key = `${event.wd}/${event.name}`;
    if (this.#pending.get(key) === event) this.#pending.delete(key);
    if (this.#head === this.#events.length) {
      this.#events = [];
      this.#head = 0;
    } else if (this.#head > 4096 && this.#head * 2 > this.#events.length) {
      this.#events = this.#events.slice(this.#head);
      this.#head = 0;
    }
  }
}
