import { beforeEach, expect, test } from "vitest";
import { HotdirError } from "../../kernel/errors.ts";
import { silentLog } from "../../kernel/log.ts";
import { Standoff } from "./standoff.ts";

const back: number[] = [];
beforeEach(() => void back.splice(0));

function standing(): { now: number; wall: () => number; steady: () => number; sleep: () => Promise<void> } {
  const clock = { now: 0, wall: () => clock.now, steady: () => clock.now, sleep: async () => undefined };
  return clock;
}

test("a host that is out of reach is asked again, later each time, and within half a minute", () => {
  const clock = standing();
  const standoff = new Standoff("hub", { clock, log: silentLog, back: () => void back.push(clock.now) });
  const waits: number[] = [];
  for (let times = 0; times < 12; times++) {
    standoff.enter()[Symbol.dispose]();
    const error = standoff.failed(new Error("refused"));
    expect(error).toMatchObject({ code: "origin-unreachable", host: "hub" });
    expect(() => standoff.enter()).toThrow(error);
    const from = clock.now;
    while (standoff.holds) clock.now += 10;
    waits.push(clock.now - from);
  }
  expect(waits[0]).toBeLessThan(1000);
  expect(Math.max(...waits)).toBeLessThanOrEqual(30_010);
  expect(waits.at(-1)).toBeGreaterThan(10_000);
});

test("many that failed together are one failure, and a success forgets all of it", () => {
  const clock = standing();
  const standoff = new Standoff("hub", { clock, log: silentLog, back: () => void back.push(clock.now) });
  for (let times = 0; times < 50; times++) standoff.failed(new Error("refused"));
  clock.now += 1000;
  expect(standoff.holds).toBe(false);
  standoff.succeeded();
  standoff.succeeded();
  expect(back).toEqual([1000]);
  standoff.failed(new Error("refused"));
  clock.now += 1000;
  expect(standoff.holds).toBe(false);
});

test("of a host that may take requests and answer none, one at a time finds out whether it does again", () => {
  const clock = standing();
  const standoff = new Standoff("hub", { clock, log: silentLog, back: () => undefined });
  for (let times = 0; times < 3; times++) standoff.enter();
  standoff.failed(new Error("no answer"));
  clock.now += 1000;
  const asking = standoff.enter();
  expect(() => standoff.enter()).toThrow("no answer");
  asking[Symbol.dispose]();
  using again = standoff.enter();
  expect(again).toBeDefined();
  standoff.succeeded();
  standoff.enter();
  expect(standoff.away).toBe(null);
});

test("a refused login is not tried again within half a minute, so that no account is locked", () => {
  const clock = standing();
  const standoff = new Standoff("hub", { clock, log: silentLog, back: () => void back.push(clock.now) });
  standoff.failed(new HotdirError("login-refused", { operation: "connect" }));
  clock.now += 30_000;
  expect(standoff.holds).toBe(true);
});
