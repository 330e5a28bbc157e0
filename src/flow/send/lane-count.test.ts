import { expect, test } from "vitest";
import { LaneCount } from "./lane-count.ts";

/** Looks once a second at a destination where `lanes` lanes carry `rateOf(lanes)` bytes a second. */
function run(
  count: LaneCount,
  options: { looks: number; rateOf: (lanes: number) => number; useful?: number; max?: number; from?: number },
): number[] {
  const wanted: number[] = [];
  for (let look = 0; look < options.looks; look++) {
    const lanes = count.wanted;
    wanted.push(
      count.look({
        now: ((options.from ?? 0) + look) * 1000,
        openLanes: lanes,
        lanesMax: options.max ?? 8,
        usefulLanes: options.useful ?? 100,
        bytes: options.rateOf(lanes),
        files: 0,
      }),
    );
  }
  return wanted;
}

test("lanes grow fourfold while that makes the flow faster, up to the limit", () => {
  expect(run(new LaneCount(), { looks: 6, rateOf: (lanes) => lanes * 1e6 })).toEqual([1, 4, 8, 8, 8, 8]);
});

test("a step that brings nothing is taken back, and not tried again for a while", () => {
  const count = new LaneCount();
  expect(run(count, { looks: 6, rateOf: () => 1e6 })).toEqual([1, 4, 1, 1, 1, 1]);
  expect(run(count, { looks: 3, rateOf: (lanes) => lanes * 1e6, from: 40 })).toEqual([4, 8, 8]);
});

test("never more lanes than there is work for, and fewer at once when there is less", () => {
  const count = new LaneCount();
  expect(run(count, { looks: 4, rateOf: (lanes) => lanes * 1e6, useful: 3 })).toEqual([1, 3, 3, 3]);
  expect(run(count, { looks: 1, rateOf: () => 1e6, useful: 1, from: 10 })).toEqual([1]);
});

test("there is always one", () => {
  expect(run(new LaneCount(), { looks: 3, rateOf: () => 0, useful: 0, max: 0 })).toEqual([1, 1, 1]);
});

test("a step is not judged before its lanes are open", () => {
  const count = new LaneCount();
  run(count, { looks: 2, rateOf: () => 1e6 });
  for (let look = 2; look < 20; look++)
    expect(count.look({ now: look * 1000, openLanes: 1, lanesMax: 8, usefulLanes: 8, bytes: 1e6, files: 0 })).toBe(4);
});
