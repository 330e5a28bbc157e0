import { expect, test } from "vitest";
import { forEachLimited } from "./concurrency.ts";

test("never more than the limit are under way, and all are done", async () => {
  let underWay = 0;
  let most = 0;
  const done: number[] = [];
  await forEachLimited([1, 2, 3, 4, 5, 6, 7], 3, async (item) => {
    most = Math.max(most, ++underWay);
    await new Promise((resolve) => setImmediate(resolve));
    underWay--;
    done.push(item);
  });
  expect(most).toBe(3);
  expect(done.toSorted((a, b) => a - b)).toEqual([1, 2, 3, 4, 5, 6, 7]);
});

test("a failure is told only when nothing is under way any more", async () => {
  let underWay = 0;
  const work = async (item: number): Promise<void> => {
    underWay++;
    await new Promise((resolve) => setImmediate(resolve));
    underWay--;
    if (item === 1) throw new Error("first");
  };
  await expect(forEachLimited([1, 2, 3], 2, work)).rejects.toThrow("first");
  expect(underWay).toBe(0);
});

test("nothing to do is done", async () => {
  await expect(forEachLimited([], 4, () => Promise.reject(new Error("not called")))).resolves.toBeUndefined();
});
