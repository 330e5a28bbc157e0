import { expect, test } from "vitest";
import type { Bytes, RelPath } from "../../kernel/path.ts";
import type { Sighting } from "./contract.ts";
import { DirectoryTree } from "./directory-tree.ts";
import { Outbox } from "./outbox.ts";
import { Relooks } from "./relooks.ts";
import { ScanSchedule } from "./schedule.ts";

const sighting = (path: string): Sighting => ({ kind: "special", path: path as RelPath });

test("the outbox posts full batches and stops at the number that may be under way", () => {
  const posted: number[] = [];
  const outbox = new Outbox({ batchMax: 3, batchesMax: 2, post: (batch) => posted.push(batch.length) });
  for (let at = 0; at < 5; at++) outbox.add(sighting(`${at}`));
  expect([posted, outbox.room]).toEqual([[3], true]);
  outbox.flush();
  expect([posted, outbox.room]).toEqual([[3, 2], false]);
  outbox.taken();
  expect(outbox.room).toBe(true);
});

test("with events the next scan is due a rescan time after the last one", () => {
  const schedule = new ScanSchedule(60_000);
  expect(schedule.begin(0)).toBe(true);
  expect(schedule.waitMs(10)).toBeNull();
  schedule.end(100, false);
  expect(schedule.waitMs(100)).toBe(60_000);
});

test("without events scans come every few seconds, and take a tenth of the time at most", () => {
  const schedule = new ScanSchedule(60_000);
  schedule.begin(0);
  schedule.end(100, true);
  expect(schedule.waitMs(100)).toBe(5000);
  schedule.begin(5100);
  schedule.end(15_100, true);
  expect(schedule.waitMs(15_100)).toBe(90_000);
});

test("a scan that is asked for while one runs comes after it", () => {
  const schedule = new ScanSchedule(60_000);
  schedule.begin(performance.now());
  schedule.want(0);
  expect(schedule.begin(performance.now())).toBe(false);
  schedule.end(performance.now(), false);
  expect(schedule.waitMs(performance.now())).toBe(0);
});

test("reasons to scan soon count once until the scan begins", () => {
  const schedule = new ScanSchedule(60_000);
  schedule.begin(performance.now());
  schedule.end(performance.now(), false);
  expect([schedule.wantSoon(), schedule.wantSoon()]).toEqual([true, false]);
  expect(schedule.waitMs(performance.now())).toBeLessThanOrEqual(200);
  expect(schedule.begin(performance.now() + 1000)).toBe(true);
  expect(schedule.wantSoon()).toBe(true);
});

test("looks to be repeated come when they are due, and never too many", () => {
  const relooks = new Relooks(2);
  const directory = new DirectoryTree("8:1", 1).root;
  const add = (name: string, dueAtMs: number): boolean =>
    relooks.add({ directory, name: name as Bytes, closed: true, dueAtMs, delayMs: 1 });
  expect([add("late", 20), add("soon", 10), add("none", 5)]).toEqual([true, true, false]);
  expect(relooks.waitMs(4)).toBe(6);
  expect(relooks.takeDue(9)).toEqual([]);
  expect(relooks.takeDue(10).map(({ name }) => name)).toEqual(["soon"]);
  expect(relooks.waitMs(10)).toBe(10);
  expect(relooks.takeDue(30).map(({ name }) => name)).toEqual(["late"]);
  expect(relooks.waitMs(30)).toBeNull();
});
