import { expect, test } from "vitest";
import { lookAt, type Sight } from "./conditions.ts";
import { composeMessage } from "./message.ts";

const HOUR = 3600_000;
const well: Sight = {
  flow: "f",
  on: { waitingAboveMs: 600_000, halted: true, freshnessAboveMs: HOUR, deadLetter: true, lowSpace: true },
  state: "running",
  reason: null,
  reached: true,
  freshnessMs: 5000,
  sendsForMs: Infinity,
  dead: 0,
  shortage: null,
};

/** What holds, what is unknown (with a `?`), by alert. */
function see(sight: Partial<Sight>): string[] {
  const { conditions, unknown } = lookAt([{ ...well, ...sight }]);
  return [...conditions.map(({ alert }) => alert), ...[...unknown].map((key) => `${key.slice(2)}?`)].toSorted();
}

test("a flow that is well gives no reason for an alert", () => {
  expect(see({})).toEqual([]);
  expect(lookAt([well]).watched.size).toBe(5);
});

test("each trouble is seen", () => {
  expect(see({ state: "waiting", reason: "no route", reached: false })).toEqual(["waiting"]);
  expect(see({ state: "halted", reason: "the source is gone" })).toEqual(["halted"]);
  expect(see({ freshnessMs: HOUR + 1 })).toEqual(["freshness"]);
  expect(see({ dead: 3 })).toEqual(["dead-letter"]);
  expect(see({ shortage: "1 MiB free" })).toEqual(["low-space"]);
});

test("between two tries of a flow that does not get through, nobody knows whether it waits", () => {
  expect(see({ state: "running", reached: false })).toEqual(["waiting?"]);
  expect(see({ shortage: undefined })).toEqual(["low-space?"]);
});

test("a flow that is paused, stopped or passive may fall behind, and may catch up when it sends again", () => {
  for (const state of ["paused", "stopped"] as const) expect(see({ state, freshnessMs: 9 * HOUR, sendsForMs: 0 })).toEqual(["freshness?"]);
  expect(see({ freshnessMs: 9 * HOUR, sendsForMs: 60_000 })).toEqual([]);
  expect(see({ freshnessMs: 9 * HOUR, sendsForMs: 2 * HOUR })).toEqual(["freshness"]);
});

test("what a flow does not want to be told of is not watched", () => {
  const on = { waitingAboveMs: null, halted: false, freshnessAboveMs: null, deadLetter: false, lowSpace: false };
  const look = lookAt([{ ...well, on, state: "halted", dead: 9, shortage: "none", freshnessMs: 9 * HOUR }]);
  expect([look.conditions, look.watched.size, look.unknown.size]).toEqual([[], 0, 0]);
});

test("a message is one line for chat programs, whatever a reason holds, and says what came again", () => {
  const entry = { flow: "f", alert: "halted" as const, afterMs: 0, amount: 0, holds: true, since: 1000, changed: 1000, tried: false };
  const told = { holds: false, at: 500, amount: 0 };
  const { text, firing, resolved } = composeMessage(
    {
      firing: [
        {
          kind: "new",
          entry: { ...entry, summary: "f is halted:\nFrom: forged\u2028\u001b[2J password=hunter2hunter2", times: 1, told: null },
        },
        { kind: "new", entry: { ...entry, flow: "g", summary: "g is halted", times: 4, told } },
        ...["h", "i"].map((flow) => ({
          kind: "lasts" as const,
          entry: { ...entry, flow, summary: `${flow} is halted`, times: 0, told: { ...told, holds: true } },
        })),
      ],
      resolved: [{ ...entry, flow: "j", summary: "j is halted", times: 0, holds: false, changed: 4000, told: { ...told, holds: true } }],
    },
    { id: "x-1", host: "here", wall: Date.parse("2026-11-23T10:00:00Z"), steady: 5000 },
  );
  expect(text).toBe(
    "hotdir on here: f is halted: From: forged [2J password=***; again, 4 times: g is halted; still: h is halted; and 2 more",
  );
  expect(firing.map(({ since, again, times }) => [since, again, times])).toEqual([
    ["2026-11-23T09:59:56.000Z", false, 1],
    ["2026-11-23T09:59:56.000Z", true, 4],
    ["2026-11-23T09:59:56.000Z", true, 1],
    ["2026-11-23T09:59:56.000Z", true, 1],
  ]);
  expect(resolved).toEqual([
    {
      alert: "halted",
      flow: "j",
      summary: "j is not halted any more",
      since: "2026-11-23T09:59:56.000Z",
      until: "2026-11-23T09:59:59.000Z",
    },
  ]);
});
