import { expect, test } from "vitest";
import { makeLedger } from "../../../test/support/ledger.ts";
import type { LiveStatus } from "../../daemon/control-protocol.ts";
import { BIN_MS, recordActivity } from "../../flow/ledger/activity.ts";
import { RECENT_S, RecentRates } from "./recent-rates.ts";
import { dailyTally } from "./tally.ts";
import { throughput } from "./throughput.ts";

const nowMs = new Date(2026, 10, 22, 12, 0, 30).getTime();

function live(filesPerS: number): LiveStatus {
  return {
    pid: 1,
    sinceMs: 0,
    residentBytes: 0,
    page: null,
    flows: [{ name: "a", filesPerS, bytesPerS: filesPerS * 10 }],
  } as unknown as LiveStatus;
}

test("a day is steps of five minutes, also those in which nothing happened, and what happened is in its own", async () => {
  await using ledger = await makeLedger();
  recordActivity(ledger.db, ledger.flow, { delivered: 300, bytes: 3_000_000, failed: 30 }, nowMs - 10 * BIN_MS);
  const told = throughput(ledger.db, new RecentRates(), { id: ledger.flow, flow: "a", span: "1d", nowMs });
  expect(told.at).toHaveLength(289);
  expect(told.at.every((at, step) => step === 0 || at - (told.at[step - 1] ?? 0) === 300)).toBe(true);
  expect(told.files_per_s.filter((perS) => perS > 0)).toEqual([1]);
  expect(told.files_per_s.at(-11)).toBe(1);
  expect([told.bytes_per_s.at(-11), told.failed_per_s?.at(-11)]).toEqual([10_000, 0.1]);
});

test("the step that is not over counts by the time that has passed of it", async () => {
  await using ledger = await makeLedger();
  recordActivity(ledger.db, ledger.flow, { delivered: 30, bytes: 0, failed: 0 }, nowMs);
  for (const span of ["1d", "1w", "4w"] as const) {
    const told = throughput(ledger.db, new RecentRates(), { id: ledger.flow, flow: "a", span, nowMs });
    const passedS = Math.max(1, nowMs / 1000 - (told.at.at(-1) ?? 0));
    expect(told.files_per_s.at(-1), span).toBeCloseTo(30 / passedS, 2);
  }
});

test("the last quarter of an hour is kept second by second, each once, and no longer", async () => {
  await using ledger = await makeLedger();
  const rates = new RecentRates();
  for (let second = 0; second < RECENT_S + 50; second++) rates.add(live(second), nowMs + second * 1000);
  rates.add(live(7), nowMs + (RECENT_S + 49) * 1000 + 100);
  const told = throughput(ledger.db, rates, { id: ledger.flow, flow: "a", span: "15m", nowMs });
  expect(told.at).toHaveLength(RECENT_S);
  expect(new Set(told.at).size).toBe(RECENT_S);
  expect([told.files_per_s.at(-1), told.bytes_per_s.at(-2)]).toEqual([7, (RECENT_S + 48) * 10]);
});

test("days are those of the wall here, today last, and flows add up", async () => {
  await using ledger = await makeLedger();
  recordActivity(ledger.db, ledger.flow, { delivered: 3, bytes: 30, failed: 1 }, nowMs);
  recordActivity(ledger.db, ledger.flow, { delivered: 5, bytes: 50, failed: 0 }, new Date(2026, 10, 22, 0, 0, 1).getTime());
  recordActivity(ledger.db, ledger.flow, { delivered: 7, bytes: 70, failed: 0 }, new Date(2026, 10, 21, 23, 59, 59).getTime());
  expect(dailyTally(ledger.db, [ledger.flow], 3, nowMs)).toEqual([
    { day: "2026-11-20", delivered: 0, bytes: 0, failed: 0 },
    { day: "2026-11-21", delivered: 7, bytes: 70, failed: 0 },
    { day: "2026-11-22", delivered: 8, bytes: 80, failed: 1 },
  ]);
});
