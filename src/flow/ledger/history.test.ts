import { expect, test } from "vitest";
import { makeLedger, put, rel, type TestLedger } from "../../../test/support/ledger.ts";
import type { Change } from "../transfer.ts";
import { recordIgnored, recordQueued, supersede } from "./admissions.ts";
import { claim } from "./claims.ts";
import { recount, tallyOf } from "./flows.ts";
import { prune } from "./history.ts";
import { recordOutcomes } from "./outcomes.ts";
import { receipts } from "./receipts.ts";
import { atDestination } from "./whereabouts.ts";

function deliver(
  ledger: TestLedger,
  change: Change,
  endedAt: number,
  retain: { kind: "keep" } | { kind: "due"; at: number } = { kind: "keep" },
): number {
  const id = recordQueued(ledger.db, ledger.flow, change, ledger.at);
  const [transfer] = claim(ledger.db, {
    flow: ledger.flow,
    run: ledger.run,
    bulk: false,
    limit: 1,
    now: ledger.at.steady,
    busy: () => false,
  });
  const receipt = { proof: { basis: "digest", digest: { algorithm: "sha256", hex: "cd".repeat(32) } }, durable: false } as const;
  const ended = { transfer: transfer!, outcome: { kind: "delivered", receipt, method: "sent", retain } as const, startedAtMs: 1, bytes: 1 };
  expect(recordOutcomes(ledger.db, [ended], endedAt)).toEqual([]);
  return id;
}

const left = (ledger: TestLedger): number[] => ledger.db.all<{ id: number }>("SELECT id FROM transfer ORDER BY id").map((row) => row.id);

function pruned(ledger: TestLedger, before: number): number {
  const { dropped, next } = prune(ledger.db, ledger.flow, before);
  expect(next).toBeNull();
  expect(recount(ledger.db, ledger.flow)).toEqual([]);
  return dropped;
}

test("old receipts go when a newer one has taken their place, and the law still holds", async () => {
  await using ledger = await makeLedger();
  deliver(ledger, put("a", 1), 10);
  deliver(ledger, put("a", 2), 20);
  const newest = deliver(ledger, put("a", 3), 30);
  expect(pruned(ledger, 25)).toBe(2);
  expect(left(ledger)).toEqual([newest]);
  expect(tallyOf(ledger.db, ledger.flow)).toMatchObject({ seen: 3, delivered: 3 });
});

test("the newest receipt of a path stays however old it is, also where something else was recorded after it", async () => {
  await using ledger = await makeLedger();
  const receipt = deliver(ledger, put("a", 1), 10);
  const given = recordQueued(ledger.db, ledger.flow, put("a", 2), ledger.at);
  supersede(ledger.db, given, "gone", 20);
  recordIgnored(ledger.db, ledger.flow, put("a", 3), 30, "reject: a");
  expect(pruned(ledger, 1000)).toBe(1);
  expect(left(ledger)).toEqual([receipt, given + 1]);
  expect(atDestination(ledger.db, ledger.flow, rel("a"))).toBe("file");
});

test("a rename stays as long as it tells that a receipt of the old name is of no more use", async () => {
  await using ledger = await makeLedger();
  deliver(ledger, put("a", 1), 10);
  deliver(ledger, { kind: "rename", path: rel("b"), from: rel("a"), directory: false, version: put("a", 1).version, mode: 0o644 }, 20);
  deliver(ledger, put("b", 2), 30);
  const listed = (): string[] => [...receipts(ledger.db, { id: ledger.flow, name: "test" })].map((receipt) => receipt.path);
  expect(listed()).toEqual(["b"]);
  pruned(ledger, 1000);
  expect(listed()).toEqual(["b"]);
});

test("what retention still has to do stays, and so do dead letters and what is open", async () => {
  await using ledger = await makeLedger();
  const due = deliver(ledger, put("a", 1), 10, { kind: "due", at: 99 });
  deliver(ledger, put("a", 2), 20);
  const open = recordQueued(ledger.db, ledger.flow, put("b"), ledger.at);
  expect(pruned(ledger, 1000)).toBe(0);
  expect(left(ledger)).toContain(due);
  expect(left(ledger)).toContain(open);
});

test("what is younger than the history stays", async () => {
  await using ledger = await makeLedger();
  deliver(ledger, put("a", 1), 10);
  deliver(ledger, put("a", 2), 20);
  expect(pruned(ledger, 10)).toBe(0);
  expect(pruned(ledger, 11)).toBe(1);
});

test("a long ledger is gone through in parts, each of them short, and nothing is left out", async () => {
  await using ledger = await makeLedger();
  const columns = "flow, kind, path, inode, size, mtime_ns, mode, state, seen_at, ended_at, reason";
  const numbers = "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 10000)";
  ledger.db.run(
    `INSERT INTO transfer (${columns}) ${numbers} SELECT ?, 'put', CAST('f' || (i % 5000) AS BLOB), '1:1', 1, i, 420, 'ignored', 1, 1, 'x' FROM n`,
    ledger.flow,
  );
  let dropped = 0;
  let parts = 0;
  for (let after: number | null = 0; after !== null; parts++) {
    const part: ReturnType<typeof prune> = prune(ledger.db, ledger.flow, 1000, after);
    dropped += part.dropped;
    after = part.next;
  }
  expect([dropped, parts]).toEqual([5000, 10]);
  expect(recount(ledger.db, ledger.flow)).toEqual([]);
});
