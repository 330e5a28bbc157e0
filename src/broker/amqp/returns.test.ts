import { expect, test } from "vitest";
import { deliveryOf } from "./delivery.ts";
import { waitFor } from "./returns.ts";
import { waitQueueOf } from "./topology.ts";

test("a message waits until it is due, and never longer than its queue is for, whatever its header says", () => {
  const now = 1_000_000;
  const wait = (due: unknown): number => waitFor({ headers: { "x-hotdir-due": due } }, now, 60_000);
  expect([wait(now + 500), wait(now - 500), wait(now + 9e12), wait(Number.NaN), wait("soon"), wait(undefined)]).toEqual([
    500, 0, 60_000, 0, 0, 0,
  ]);
});

test("each wait has the shortest queue that is long enough", () => {
  expect([0, 1000, 1001, 60_000, 3_600_000, 9e9].map((afterMs) => waitQueueOf("q", afterMs).name)).toEqual([
    "q.again_1s",
    "q.again_1s",
    "q.again_10s",
    "q.again_60s",
    "q.again_3600s",
    "q.again_3600s",
  ]);
});

test("how often it came again is a number that can be counted on, whoever wrote it", () => {
  const returns = (header: unknown): number => {
    const message = { fields: {}, properties: { headers: { "x-hotdir-returns": header } }, content: Buffer.alloc(0) };
    return deliveryOf(message as unknown as Parameters<typeof deliveryOf>[0], "q").returns;
  };
  expect([3, -1, "4", 2.5, Number.MAX_SAFE_INTEGER].map(returns)).toEqual([3, 0, 0, 0, 1_000_000]);
});
