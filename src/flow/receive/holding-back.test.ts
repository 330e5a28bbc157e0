import { getEventListeners } from "node:events";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { put, rel } from "../../../test/support/ledger.ts";
import type { Handled, Received } from "../bus.ts";
import type { Change } from "../transfer.ts";
import { HoldingBack } from "./holding-back.ts";
import { Pending } from "./pending.ts";

beforeEach(() => void vi.useFakeTimers({ now: 1_000_000 }));
afterEach(() => void vi.useRealTimers());

const QUIET_MS = 10_000;

class Queue {
  readonly due: string[] = [];
  readonly done: string[] = [];
  readonly pending = new Pending();
  readonly held: HoldingBack;
  readonly stop = new AbortController();

  constructor(quietMs = QUIET_MS) {
    this.held = new HoldingBack(quietMs, ({ received }) => this.due.push(this.#nameOf(received)));
  }

  #nameOf({ told: { change, pubTimeNs } }: Received): string {
    return `${change.kind} ${change.path} ${pubTimeNs / 1_000_000n - 1_000_000n}`;
  }

  /** @returns whether it is held back. */
  told(change: Change, ageMs = 0): boolean {
    const pubTimeNs = BigInt(Date.now() - ageMs) * 1_000_000n;
    const received = { told: { change, pubTimeNs } } as Received;
    const answer = ({ outcome }: Handled): void => void (outcome === "done" && this.done.push(this.#nameOf(received)));
    const message = this.pending.add(received, this.stop.signal, answer, () => undefined);
    const path = { relPath: change.path, path: change.path };
    return this.held.hold(message, { change, path, from: null }, Date.now());
  }
}

const rename = (path: string, from: string): Change => ({
  kind: "rename",
  path: rel(path),
  from: rel(from),
  directory: false,
  version: null,
  mode: 0,
});

test("a message waits until it is so old; one that is old enough does not", () => {
  const queue = new Queue();
  expect(queue.told(put("a"), 4000)).toBe(true);
  expect(queue.told(put("b"), QUIET_MS)).toBe(false);
  vi.advanceTimersByTime(5999);
  expect(queue.due).toEqual([]);
  vi.advanceTimersByTime(1);
  expect([queue.due, queue.held.size]).toEqual([["put a -4000"], 0]);
});

test("a message that is to wait for a month does, though no timer holds one", () => {
  const day = 86_400_000;
  const queue = new Queue(30 * day);
  queue.told(put("a"), day);
  vi.advanceTimersByTime(29 * day - 1);
  expect([queue.due, queue.held.size]).toEqual([[], 1]);
  vi.advanceTimersByTime(1);
  expect([queue.due.length, queue.held.size]).toEqual([1, 0]);
  queue.told(put("b"));
  vi.advanceTimersByTime(2 * day);
  queue.told(put("b", 2));
  expect([queue.done.length, queue.held.size, vi.getTimerCount()]).toEqual([1, 1, 1]);
});

test("a newer one of its path takes its place, and it is done; so does a rename of what it told", () => {
  const queue = new Queue();
  queue.told(put("a"));
  vi.advanceTimersByTime(3000);
  queue.told(put("a", 2));
  queue.told(put("tmp"));
  queue.told(rename("final", "tmp"));
  expect(queue.done).toEqual(["put a 0", "put tmp 3000"]);
  vi.advanceTimersByTime(QUIET_MS);
  expect(queue.due).toEqual(["put a 3000", "rename final 3000"]);
});

test("one that comes late does not take the place of a newer one", () => {
  const queue = new Queue();
  queue.told(put("a", 2));
  expect(queue.told(put("a", 1), 2000)).toBe(true);
  expect(queue.done).toEqual(["put a -2000"]);
  vi.advanceTimersByTime(QUIET_MS);
  expect(queue.due).toEqual(["put a 0"]);
});

test("removals and renames are never left out: they also concern what is at the destination", () => {
  const queue = new Queue();
  queue.told({ kind: "delete", path: rel("a") });
  queue.told(put("a"));
  vi.advanceTimersByTime(QUIET_MS);
  expect([queue.done, queue.due]).toEqual([[], ["delete a 0", "put a 0"]]);
});

test("a path that changes all the time is followed now and then", () => {
  const queue = new Queue();
  for (let n = 0; n < 25; n++) {
    queue.told(put("a", n + 1));
    vi.advanceTimersByTime(QUIET_MS / 2);
  }
  expect(queue.due.length).toBeGreaterThan(0);
});

test("the clock of another host does not make it wait longer", () => {
  const queue = new Queue();
  queue.told(put("a"), -3_600_000);
  vi.advanceTimersByTime(QUIET_MS);
  expect(queue.due).toHaveLength(1);
});

test("what goes to somebody else is not followed here", () => {
  const queue = new Queue();
  queue.told(put("a"));
  queue.stop.abort();
  vi.advanceTimersByTime(2 * QUIET_MS);
  expect([queue.due, queue.held.size]).toEqual([[], 0]);
});

test("what was let go, replaced or handed back leaves nothing behind at its connection", () => {
  const queue = new Queue();
  for (const name of ["a", "a", "b"]) queue.told(put(name));
  vi.advanceTimersByTime(QUIET_MS);
  queue.told(put("c"));
  queue.held.clear();
  for (const message of queue.pending) message.answer({ outcome: "done" });
  expect(getEventListeners(queue.stop.signal, "abort")).toEqual([]);
});
