import { beforeEach, expect, test } from "vitest";
import { publishSettings } from "../../../test/support/bus-settings.ts";
import { put, standingClock } from "../../../test/support/ledger.ts";
import { TestAnnouncer } from "../../../test/support/test-announcer.ts";
import type { Log } from "../../kernel/log.ts";
import { silentLog } from "../../kernel/log.ts";
import type { Announced } from "../bus.ts";
import { Teller } from "./teller.ts";

const told: Announced = {
  change: put("d/a"),
  digest: null,
  pubTimeNs: 1n,
  baseUrl: "file:/lab",
  content: null,
  passedOn: null,
  preserve: { mode: true, mtime: true },
};

let announcer: TestAnnouncer;
let clock: ReturnType<typeof standingClock>;
let lines: string[];
let changes: number;
let teller: Teller;

beforeEach(() => {
  announcer = new TestAnnouncer();
  clock = standingClock();
  lines = [];
  changes = 0;
  const say = (text: string): void => void lines.push(text);
  const log: Log = { ...silentLog, info: say, warn: say };
  teller = new Teller({ announcer, publish: publishSettings(), clock, log, heardBefore: true, changed: () => changes++ });
});

test("a broker that is away is told once, with where and why, and so is its return", () => {
  announcer.becomes({ state: "waiting", reason: "connection refused", untilMs: 2000 });
  announcer.becomes({ state: "connecting" });
  announcer.becomes({ state: "waiting", reason: "connection refused", untilMs: 3000 });
  expect(teller.trouble).toBe("publish to amqp://ada@127.0.0.1/ xs_ada: connection refused");
  expect(teller.readyAt).toBeNull();
  announcer.becomes({ state: "ready" });
  expect([teller.trouble, teller.ready]).toEqual([null, true]);
  expect(lines).toEqual([
    "waiting: publish to amqp://ada@127.0.0.1/ xs_ada: connection refused; what is to be told waits in the ledger, nothing is lost",
    "going on: amqp://ada@127.0.0.1/ xs_ada takes messages again",
  ]);
  expect(changes).toBe(4);
});

test("a broker that says it is ready and takes nothing is left alone, longer each time, until it takes something", async () => {
  announcer.answer = () => ({ outcome: "not-sent", detail: "no channel" });
  const waits: number[] = [];
  for (let time = 0; time < 4; time++) {
    await Promise.all([teller.publish(told), teller.publish(told)]);
    expect(teller.trouble).toContain("no channel");
    waits.push(teller.readyAt! - clock.now);
    expect(teller.ready).toBe(false);
    clock.now = teller.readyAt!;
  }
  expect(waits).toEqual(waits.toSorted((a, b) => a - b));
  expect(waits[3]).toBeGreaterThan(2 * waits[0]!);
  announcer.answer = () => ({ outcome: "confirmed" });
  await teller.publish(told);
  expect([teller.ready, teller.trouble]).toEqual([true, null]);
});

test("that nobody listens is said once a minute, with how many, and stands until somebody does", async () => {
  announcer.answer = () => ({ outcome: "unrouted" });
  await teller.publish(told);
  await teller.publish(told);
  await teller.publish(told);
  expect(lines).toHaveLength(1);
  expect(teller.notice).toBe(
    "nobody listens: amqp://ada@127.0.0.1/ xs_ada has no queue for what is published there, and keeps nothing of it",
  );
  clock.now += 60_000;
  await teller.publish(told);
  expect(lines).toHaveLength(2);
  expect(lines[1]).toContain("d/a and 2 more");
  announcer.answer = () => ({ outcome: "confirmed" });
  await teller.publish(told);
  expect([teller.notice, teller.trouble]).toEqual([null, null]);
});

test("what an announcer throws is a refusal", async () => {
  announcer.answer = () => Promise.reject(new Error("too large"));
  expect(await teller.publish(told)).toEqual({ outcome: "refused", detail: "too large" });
});
