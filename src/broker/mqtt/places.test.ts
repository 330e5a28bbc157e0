import { expect, test } from "vitest";
import { Places } from "./places.ts";
import { Waits } from "./waits.ts";

test("so many at a time, the others in order, and whoever stops waiting takes nobody's place", async () => {
  const places = new Places(1);
  const never = new AbortController().signal;
  expect(await places.take(never)).toBe(true);
  const order: string[] = [];
  const stop = new AbortController();
  const waiting = [
    places.take(stop.signal).then((taken) => order.push(`first ${taken}`)),
    places.take(never).then((taken) => order.push(`second ${taken}`)),
    places.take(never).then((taken) => order.push(`third ${taken}`)),
  ];
  stop.abort();
  await waiting[0];
  places.leave();
  await waiting[1];
  expect(order).toEqual(["first false", "second true"]);
  places.leave();
  await waiting[2];
  expect(order).toEqual(["first false", "second true", "third true"]);
});

test("one that is given its place in the moment in which it is stopped has it, and the next one gets it from there", async () => {
  const places = new Places(1);
  const never = new AbortController().signal;
  await places.take(never);
  const stop = new AbortController();
  const first = places.take(stop.signal);
  const second = places.take(never);
  places.leave();
  stop.abort();
  expect(await first).toBe(true);
  places.leave();
  expect(await second).toBe(true);
});

test("tries are counted only where one failed, and forgotten with the message", () => {
  const waits = new Waits();
  waits.put("a", 10, { counted: true });
  waits.put("a", 20, { counted: false });
  waits.put("a", 30, { counted: true });
  expect(waits.of("a")).toEqual({ returns: 2, dueMs: 30 });
  waits.end("a");
  expect(waits.of("a")).toEqual({ returns: 0, dueMs: 0 });
});
