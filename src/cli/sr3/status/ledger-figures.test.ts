import { expect, test } from "vitest";
import { makeLedger, put, registerTestFlow, type TestLedger } from "../../../../test/support/ledger.ts";
import { recordActivity } from "../../../flow/ledger/activity.ts";
import type { FlowId } from "../../../flow/ledger/flows.ts";
import { pathCell } from "../../../flow/ledger/rows.ts";
import { lastActivity, recentDeliveries, retriesOf, togetherOf } from "./ledger-figures.ts";

const now = 10_000_000;

type Facts = { flow: FlowId; seenAtMs: number; endedAtMs: number; pubTimeMs?: number };

/** Straight into the tables: how it came there is tested where it is done. */
function deliver({ db }: TestLedger, { flow, seenAtMs, endedAtMs, pubTimeMs }: Facts): void {
  const { path } = put(`f${endedAtMs}`);
  const id = db.insert(
    "INSERT INTO transfer (flow, kind, path, mode, state, seen_at, ended_at, basis, durable, method) VALUES (?, 'mkdir', ?, 493, 'delivered', ?, ?, 'structure', 0, 'sent')",
    flow,
    pathCell(path),
    seenAtMs,
    endedAtMs,
  );
  db.run(
    "INSERT INTO attempt (transfer, attempt, started_at, ended_at, bytes, outcome) VALUES (?, 1, ?, ?, 0, 'delivered')",
    id,
    seenAtMs,
    endedAtMs,
  );
  if (pubTimeMs !== undefined)
    db.run(
      "INSERT INTO message (transfer, flow, rel_path, pub_time, base_url, body) VALUES (?, ?, ?, ?, 'file:/x', x'00')",
      id,
      flow,
      pathCell(path),
      BigInt(pubTimeMs) * 1_000_000n,
    );
}

test("the lag is from the message's pubTime, else from the sighting, to the receipt; of the last five minutes", async () => {
  await using ledger = await makeLedger();
  const other = registerTestFlow(ledger.db, "other");
  deliver(ledger, { flow: ledger.flow, seenAtMs: now - 900_000, endedAtMs: now - 400_000 });
  deliver(ledger, { flow: ledger.flow, seenAtMs: now - 5000, endedAtMs: now - 4000 });
  deliver(ledger, { flow: ledger.flow, seenAtMs: now - 3000, endedAtMs: now - 2000, pubTimeMs: now - 7000 });
  deliver(ledger, { flow: other, seenAtMs: now - 900_000, endedAtMs: now - 800_000 });
  const found = recentDeliveries(ledger.db, now);
  expect(found.get(ledger.flow)).toEqual({ lagMaxS: 5, lagMeanS: 3, count: 2, lastAtMs: now - 2000 });
  // What was longer ago tells when the last one was, and nothing of how it goes now.
  expect(found.get(other)).toEqual({ lagMaxS: 0, lagMeanS: 0, count: 0, lastAtMs: now - 800_000 });
  expect(togetherOf([found.get(ledger.flow), found.get(other), undefined], null)).toEqual({
    lagMaxS: 5,
    lagMeanS: 3,
    count: 2,
    lastAtMs: now - 2000,
  });
  expect(togetherOf([undefined], null)).toBeNull();
  expect(togetherOf([undefined], 5)).toEqual({ lagMaxS: 0, lagMeanS: 0, count: 0, lastAtMs: 5 });
});

test("what the rows do not tell any more the bins do", async () => {
  await using ledger = await makeLedger();
  expect(lastActivity(ledger.db, ledger.flow)).toBeNull();
  recordActivity(ledger.db, ledger.flow, { delivered: 1, bytes: 5, failed: 0 }, 650_000);
  recordActivity(ledger.db, ledger.flow, { delivered: 0, bytes: 0, failed: 3 }, 950_000);
  expect(lastActivity(ledger.db, ledger.flow)).toBe(600_000);
});

test("a retry is what failed before and waits", async () => {
  await using ledger = await makeLedger();
  const queue = (path: string, failures: number, dueAt: number): void => {
    ledger.db.run(
      "INSERT INTO transfer (flow, kind, path, mode, state, seen_at, due_at, failures) VALUES (?, 'mkdir', ?, 493, 'queued', 1, ?, ?)",
      ledger.flow,
      pathCell(put(path).path),
      dueAt,
      failures,
    );
  };
  queue("new", 0, 5000);
  queue("failed", 1, 5000);
  queue("due", 2, 500);
  expect(retriesOf(ledger.db, ledger.flow, 1000)).toBe(1);
});
