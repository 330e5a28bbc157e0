import { expect, test } from "vitest";
import type { Standing } from "../../service/standing.ts";
import { supervisionJson, supervisionText } from "./supervision.ts";

const nowMs = Date.parse("2026-11-23T12:00:00Z");
const supervisor = { pid: 10, startTicks: 1, boot: "b" };
const ending = {
  at: "2026-11-23T11:58:00.000Z",
  livedMs: 10_800_000,
  reason: "no heartbeat for 30 s, so it was ended",
  status: null,
  signal: "SIGKILL",
  lastWords: ["token=abcdef"],
};
const record = { supervisor, since: "2026-11-23T08:00:00.000Z", daemon: null, nextStart: null, endings: [ending] };
const wanted = { wanted: true, config: "/c", logLevel: null, environment: {}, since: "" };
const standing: Standing = { wanted, supervisor, record: { ...record, state: "running" }, recordAgeMs: 0, owner: null };

test("a running supervisor tells its last restart with the reason", () => {
  expect(supervisionText(standing, nowMs)).toBe(
    "Its supervisor is process 10; 1 restart in the last day, the last: no heartbeat for 30 s, so it was ended (2 min ago, after 3 h).",
  );
});

test("a daemon that waits for its next start is said, with when and why", () => {
  const waiting: Standing = { ...standing, record: { ...record, state: "waiting", nextStart: "2026-11-23T12:00:08.000Z" } };
  expect(supervisionText(waiting, nowMs)).toMatch(/^Its supervisor, process 10, starts it again in 8 s: no heartbeat/);
});

test("nothing is told where nobody wants a supervisor", () => {
  expect(supervisionText({ ...standing, supervisor: null, wanted: null }, nowMs)).toBe(null);
  expect(supervisionText({ ...standing, supervisor: null }, nowMs)).toContain("'hotdir sanity' starts it");
});

test("no secret that a daemon said last gets out", () => {
  expect(JSON.stringify(supervisionJson(standing))).not.toContain("abcdef");
});
