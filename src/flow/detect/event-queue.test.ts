import fc from "fast-check";
import { expect, test } from "vitest";
import type { Bytes } from "../../kernel/path.ts";
import { EventQueue } from "./event-queue.ts";
import { mask } from "./inotify-event.ts";

function makeQueue(limit = 1000): EventQueue {
  return new EventQueue({ limit, pairWithinMs: 50 });
}

function push(queue: EventQueue, bits: number, name: string, cookie = 0, nowMs = 0): void {
  queue.push({ wd: 1, mask: bits, cookie, name: name as Bytes }, nowMs);
}

/** What comes out at a moment: `name`, or `name>name` for a pair. */
function taken(queue: EventQueue, nowMs = 0): string[] {
  const found: string[] = [];
  for (let next = queue.next(nowMs); next !== null; next = queue.next(nowMs))
    found.push(next.movedTo === null ? next.event.name : `${next.event.name}>${next.movedTo.name}`);
  return found;
}

test("several events of one file are one, at the place of the first, with all that happened", () => {
  const queue = makeQueue();
  push(queue, mask.create, "a");
  push(queue, mask.create, "b");
  push(queue, mask.closeWrite, "a");
  expect(queue.next(0)?.event).toMatchObject({ name: "a", mask: mask.create | mask.closeWrite });
  expect(taken(queue)).toEqual(["b"]);
});

test.each([
  ["a delete", mask.delete],
  ["a move", mask.movedTo],
  ["a directory", mask.create | mask.isDirectory],
])("%s in between keeps events of one file apart", (_, bits) => {
  const queue = makeQueue();
  push(queue, mask.closeWrite, "a");
  push(queue, bits, "x");
  push(queue, mask.closeWrite, "a");
  expect(taken(queue)).toEqual(["a", "x", "a"]);
});

test("an event that was given out takes up no later one", () => {
  const queue = makeQueue();
  push(queue, mask.create, "a");
  push(queue, mask.create, "b");
  expect(queue.next(0)?.event.name).toBe("a");
  push(queue, mask.closeWrite, "a");
  expect(taken(queue)).toEqual(["b", "a"]);
});

test("the halves of a move come as one, at the place of the departure", () => {
  const queue = makeQueue();
  push(queue, mask.movedFrom, "a", 5);
  push(queue, mask.create, "c");
  push(queue, mask.movedTo, "b", 5);
  expect(taken(queue)).toEqual(["a>b", "c"]);
  expect(queue.size).toBe(0);
});

test("a departure waits a moment for its arrival, and what is behind it waits too", () => {
  const queue = makeQueue();
  push(queue, mask.movedFrom, "a", 5, 100);
  push(queue, mask.create, "c", 0, 100);
  expect(taken(queue, 120)).toEqual([]);
  expect(queue.waitMs(120)).toBe(30);
  push(queue, mask.movedTo, "b", 5, 130);
  expect(queue.waitMs(130)).toBe(0);
  expect(taken(queue, 130)).toEqual(["a>b", "c"]);
});

test("a departure without arrival is given out alone when its time is over", () => {
  const queue = makeQueue();
  push(queue, mask.movedFrom, "a", 5, 100);
  expect(taken(queue, 149)).toEqual([]);
  expect(taken(queue, 150)).toEqual(["a"]);
});

test("an arrival without departure comes alone", () => {
  const queue = makeQueue();
  push(queue, mask.movedTo, "b", 5);
  expect(taken(queue)).toEqual(["b"]);
});

test("beyond its limit the queue drops, counts, and never grows", () => {
  const queue = makeQueue(3);
  for (let at = 0; at < 10; at++) push(queue, mask.create, `f${at}`);
  expect([queue.size, queue.dropped]).toEqual([3, 7]);
  expect(taken(queue)).toEqual(["f0", "f1", "f2"]);
});

test("whatever comes and whenever it is taken, each name comes out after its last event, and each move as one pair", () => {
  const kinds = fc.constantFrom<"put" | "delete" | "move">("put", "delete", "move");
  const step = fc.record({ kind: kinds, name: fc.constantFrom("a", "b", "c"), take: fc.boolean() });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      const queue = makeQueue();
      const pending = new Set<string>();
      const pairs = { pushed: 0, taken: 0 };
      const take = (): void => {
        for (const each of taken(queue)) {
          if (each.includes(">")) pairs.taken++;
          else pending.delete(each);
        }
      };
      steps.forEach(({ kind, name, take: now }, at) => {
        if (kind === "move") {
          pairs.pushed++;
          push(queue, mask.movedFrom, `from-${name}`, at + 1);
          push(queue, mask.movedTo, `to-${name}`, at + 1);
        } else {
          push(queue, kind === "put" ? mask.closeWrite : mask.delete, name);
          pending.add(name);
        }
        if (now) take();
      });
      take();
      expect([pending.size, queue.size, pairs.taken]).toEqual([0, 0, pairs.pushed]);
    }),
  );
});
