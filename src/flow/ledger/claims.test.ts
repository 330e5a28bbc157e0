import { expect, test } from "vitest";
import { makeLedger, put, rel, type TestLedger } from "../../../test/support/ledger.ts";
import type { Change } from "../transfer.ts";
import { recordQueued } from "./admissions.ts";
import { beginRun, claim, nextDueAt, releaseStructural } from "./claims.ts";
import { recordOutcomes } from "./outcomes.ts";

const nobody = (): boolean => false;

function queue(ledger: TestLedger, ...changes: Change[]): number[] {
  return changes.map((change) => recordQueued(ledger.db, ledger.flow, change, ledger.at));
}

function claimed(ledger: TestLedger, options: Partial<Parameters<typeof claim>[1]> = {}): ReturnType<typeof claim> {
  return claim(ledger.db, { flow: ledger.flow, run: ledger.run, bulk: false, limit: 100, now: ledger.at.steady, busy: nobody, ...options });
}

const names = (transfers: ReturnType<typeof claim>): string[] => transfers.map(({ change }) => `${change.kind} ${change.path}`);

function deliver(ledger: TestLedger, transfers: ReturnType<typeof claim>): void {
  const receipt = { proof: { basis: "structure" }, durable: false } as const;
  const ended = transfers.map((transfer) => ({
    transfer,
    outcome: { kind: "delivered", receipt, method: "sent", retain: { kind: "keep" } } as const,
    startedAtMs: 1,
    bytes: 0,
  }));
  expect(recordOutcomes(ledger.db, ended, 1)).toEqual([]);
}

test("the oldest that are due are taken, small and large ones apart", async () => {
  await using ledger = await makeLedger();
  queue(ledger, put("a"), put("large", 1, { sizeBytes: 2_000_000 }), put("b"), put("c"));
  expect(names(claimed(ledger, { limit: 2 }))).toEqual(["put a", "put b"]);
  expect(names(claimed(ledger, { bulk: true }))).toEqual(["put large"]);
  expect(names(claimed(ledger))).toEqual(["put c"]);
  expect(claimed(ledger)).toEqual([]);
});

test("what is not due is not taken, and the time of the next one is known", async () => {
  await using ledger = await makeLedger();
  recordQueued(ledger.db, ledger.flow, put("a"), { wall: 1, steady: 5000 });
  recordQueued(ledger.db, ledger.flow, put("b", 1, { sizeBytes: 2_000_000 }), { wall: 1, steady: 4000 });
  expect([claimed(ledger), nextDueAt(ledger.db, ledger.flow)]).toEqual([[], 4000]);
  expect(names(claimed(ledger, { now: 5000 }))).toEqual(["put a"]);
});

test("two names of one file are never under way at once", async () => {
  await using ledger = await makeLedger();
  queue(ledger, put("a", 1, { links: 2 }), put("b", 1, { links: 2 }), put("c", 2, { links: 2 }));
  expect(names(claimed(ledger))).toEqual(["put a", "put c"]);
});

test("a tree that is removed goes from its leaves, and a directory waits for what is in it", async () => {
  await using ledger = await makeLedger();
  queue(
    ledger,
    { kind: "delete", path: rel("d/e/f") },
    { kind: "rmdir", path: rel("d/e") },
    { kind: "rmdir", path: rel("d") },
    put("other"),
  );
  const order: string[][] = [];
  for (let now = 1000; order.flat().length < 4; now += 200) {
    const round = claimed(ledger, { now });
    order.push(names(round));
    deliver(ledger, round);
  }
  expect(order).toEqual([["delete d/e/f", "put other"], ["rmdir d/e"], ["rmdir d"]]);
});

test("a removal does not wait for that of the directory above it, which could never succeed before", async () => {
  await using ledger = await makeLedger();
  queue(ledger, { kind: "rmdir", path: rel("d") }, { kind: "delete", path: rel("d/f") });
  expect(names(claimed(ledger))).toEqual(["rmdir d", "delete d/f"]);
});

test("what comes into a renamed directory waits for the rename", async () => {
  await using ledger = await makeLedger();
  queue(
    ledger,
    put("old/f"),
    { kind: "rename", path: rel("new"), from: rel("old"), directory: true, version: null, mode: 0o755 },
    put("new/f", 2),
    put("old/f", 3),
    put("newer"),
  );
  const first = claimed(ledger);
  expect(names(first)).toEqual(["put old/f", "put newer"]);
  deliver(ledger, first);
  const second = claimed(ledger, { now: 1200 });
  expect(names(second)).toEqual(["rename new"]);
  deliver(ledger, second);
  expect(names(claimed(ledger, { now: 1400 })).sort()).toEqual(["put new/f", "put old/f"]);
});

test("after a crash what was being sent looks at the destination first; an older version with a newer one behind it is not sent again", async () => {
  await using ledger = await makeLedger();
  const [alone, older] = queue(ledger, put("alone"), put("f", 1));
  claimed(ledger);
  queue(ledger, put("f", 2));
  const run = beginRun(ledger.db, 2, { wall: 2000, steady: 2000 });
  expect(claimed(ledger, { run, now: 2000 })).toMatchObject([
    { change: { path: "f", version: { mtimeNs: 2n } }, adopt: false },
    { id: alone, adopt: true, fence: { run, attempt: 2 }, failures: 0 },
  ]);
  expect(ledger.db.get("SELECT state, reason FROM transfer WHERE id = ?", older!)).toEqual({
    state: "superseded",
    reason: "a newer version of the path was seen",
  });
  expect(ledger.db.all("SELECT outcome FROM attempt")).toEqual([{ outcome: "interrupted" }, { outcome: "interrupted" }]);
});

test("a claim takes as long from a long queue as from a short one", async () => {
  await using ledger = await makeLedger();
  const fastestMs = (): number => {
    let fastest = Infinity;
    for (let turn = 0; turn < 100; turn++) {
      const started = performance.now();
      claimed(ledger, { limit: 1 });
      fastest = Math.min(fastest, performance.now() - started);
    }
    return fastest;
  };
  const fill = (from: number, to: number): void =>
    ledger.db.transaction(() => void queue(ledger, ...Array.from({ length: to - from }, (_, at) => put(`f${from + at}`))));
  fill(0, 1000);
  const short = fastestMs();
  fill(1000, 40_000);
  // One that reads the queue would take some thirty times as long; the fastest of a hundred is steady on a busy machine.
  expect(fastestMs()).toBeLessThan(short * 5);
});

test("what a removal or rename waited for has ended: it is due at once, and nothing else is", async () => {
  await using ledger = await makeLedger();
  queue(ledger, put("d/a"), put("d/b"), put("c"));
  const first = claimed(ledger);
  const rename = { kind: "rename", path: rel("e"), from: rel("d"), directory: true, version: null, mode: 0o755 } as const;
  queue(ledger, rename, { kind: "delete", path: rel("c") }, { kind: "delete", path: rel("x/y") });
  const at = (more: number): number => ledger.at.steady + more;
  expect(names(claimed(ledger, { deferMs: 60_000 }))).toEqual(["delete x/y"]);
  expect(claimed(ledger, { now: at(10) })).toEqual([]);
  deliver(ledger, first.slice(0, 1));
  releaseStructural(ledger.db, ledger.flow, at(20), [rel("d/a")]);
  expect(names(claimed(ledger, { now: at(30), deferMs: 60_000 }))).toEqual([]);
  deliver(ledger, first.slice(1));
  releaseStructural(ledger.db, ledger.flow, at(40), [rel("d/b")]);
  expect(names(claimed(ledger, { now: at(50) }))).toEqual(["rename e"]);
  releaseStructural(ledger.db, ledger.flow, at(60), [rel("c")]);
  expect(names(claimed(ledger, { now: at(70) }))).toEqual(["delete c"]);
});
