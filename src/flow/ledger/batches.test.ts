import { expect, test } from "vitest";
import { makeLedger, put, rel } from "../../../test/support/ledger.ts";
import { recordQueued } from "./admissions.ts";
import {
  batch,
  batchesOf,
  closeBatch,
  closeInterrupted,
  knownDigests,
  leftStages,
  membersOf,
  openBatches,
  recordStep,
  splitBatch,
  stageRemoved,
} from "./batches.ts";
import { beginRun, claim } from "./claims.ts";
import { prune } from "./history.ts";
import { countOwed, owedEntries, settle, setJournaled } from "./journal-owed.ts";

const digest = { algorithm: "blake2b", hex: "ab".repeat(64) } as const;

test("batches that begin in one moment have times of their own, and their members' digests are known before they end", async () => {
  await using ledger = await makeLedger();
  const { db, flow, run } = ledger;
  const [a, b] = [recordQueued(db, flow, put("a"), ledger.at), recordQueued(db, flow, put("b"), ledger.at)];
  const groups = [a, b].map((transfer) => ({ members: [{ transfer, digest }], bytes: 10 }));
  const ids = openBatches(db, { flow, run, at: 5, stage: null }, groups);
  expect(ids.map((id) => batch(db, id).preAtUs)).toEqual([5000, 5001]);
  expect(knownDigests(db, flow, rel("a"), "blake2b")).toEqual([digest.hex]);
  expect(knownDigests(db, flow, rel("a"), "sha256")).toEqual([]);
  recordStep(db, ids, "pre", { atMs: 5, tookMs: 1.5 });
  recordStep(db, [ids[0]!], "transfer", { atMs: 7, tookMs: 2 });
  closeBatch(db, ids[0]!, { status: 0, message: null }, 9);
  expect(batchesOf(db, a, 5)).toMatchObject([
    { id: ids[0], preTookUs: 1500, transferAtUs: 7000, transferTookUs: 2000, files: 1, status: 0 },
  ]);
  expect(membersOf(db, ids[1]!)).toMatchObject([{ path: "b", digest, sizeBytes: 10 }]);
});

test("what came to another end has a batch of its own, with a time of its own", async () => {
  await using ledger = await makeLedger();
  const { db, flow, run } = ledger;
  setJournaled(db, flow, true);
  const [a, b, c] = ["a", "b", "c"].map((name) => recordQueued(db, flow, put(name), ledger.at)) as [number, number, number];
  const members = [a, b, c].map((transfer) => ({ transfer, digest }));
  const [id, next] = openBatches(db, { flow, run, at: 5, stage: null }, [
    { members, bytes: 30 },
    { members: [], bytes: 0 },
  ]);
  recordStep(db, [id!], "transfer", { atMs: 7, tookMs: 2 });
  const apart = splitBatch(db, id!, [b], 10);
  closeBatch(db, apart, { status: 121, message: "no" }, 9);
  closeBatch(db, id!, { status: 0, message: null }, 9);
  expect([id!, next!, apart].map((one) => batch(db, one))).toMatchObject([
    { preAtUs: 5000, transferAtUs: 7000, bytes: 20, files: 2, status: 0 },
    { preAtUs: 5001 },
    { preAtUs: 5002, transferAtUs: 7000, bytes: 10, files: 1, status: 121 },
  ]);
  expect(membersOf(db, apart)).toMatchObject([{ path: "b" }]);
  expect(owedEntries(db, flow, 9)).toMatchObject([{ batch: id }, { batch: apart }, { batch: next }]);
});

test("a directory there is left over once none of its batches is open: after their end, or when the next run begins", async () => {
  await using ledger = await makeLedger();
  const { db, flow, run } = ledger;
  const a = recordQueued(db, flow, put("a"), ledger.at);
  const members = [{ transfer: a, digest: null }];
  const [first] = openBatches(db, { flow, run, at: 5, stage: null }, [{ members, bytes: 1 }]);
  openBatches(db, { flow, run, at: 6, stage: first! }, [{ members, bytes: 1 }]);
  closeBatch(db, first!, { status: 121, message: "no" }, 7);
  expect(leftStages(db, flow, 10)).toEqual([]);
  const next = beginRun(db, 2, ledger.at);
  closeInterrupted(db, next, 8);
  expect(leftStages(db, flow, 10)).toEqual([{ flow, stage: first, paths: [{ transfer: a, path: "a" }] }]);
  stageRemoved(db, flow, first!);
  expect(leftStages(db, flow, 10)).toEqual([]);
});

test("what a journal is owed stays until it is settled, whatever history forgets", async () => {
  await using ledger = await makeLedger();
  const { db, flow, run } = ledger;
  setJournaled(db, flow, true);
  recordQueued(db, flow, put("a"), ledger.at);
  const [claimed] = claim(db, { flow, run, bulk: false, limit: 1, now: ledger.at.steady, busy: () => false });
  const [id] = openBatches(db, { flow, run, at: 5, stage: null }, [{ members: [{ transfer: claimed!.id, digest }], bytes: 1 }]);
  expect(countOwed(db, flow)).toBe(0);
  closeBatch(db, id!, { status: 0, message: null }, 7);
  stageRemoved(db, flow, id!);
  db.run(
    "UPDATE transfer SET state = 'delivered', run = NULL, ended_at = 7, basis = 'digest', algorithm = 'blake2b', digest = ?, durable = 0, method = 'transferred', retain = 'due', retain_at = 7, litter = 0 WHERE id = ?",
    Buffer.from(digest.hex, "hex"),
    claimed!.id,
  );
  db.run("UPDATE transfer SET retain = 'removing', retain_at = NULL WHERE id = ?", claimed!.id);
  db.run("UPDATE transfer SET retain = 'held' WHERE id = ?", claimed!.id);
  const newer = recordQueued(db, flow, put("a", 2), ledger.at);
  db.run("UPDATE transfer SET state = 'superseded', reason = 'x', ended_at = 8, due_at = NULL WHERE id = ?", newer);
  expect(owedEntries(db, flow, 9)).toMatchObject([
    { kind: "batch", batch: id },
    { kind: "held", transfer: claimed!.id },
  ]);
  prune(db, flow, 1_000_000);
  expect(countOwed(db, flow)).toBe(2);
  expect(membersOf(db, id!)).toHaveLength(1);
  settle(db, owedEntries(db, flow, 9));
  prune(db, flow, 1_000_000);
  expect(db.all("SELECT id FROM batch")).toEqual([]);
});

test("without a journal nothing is owed to one", async () => {
  await using ledger = await makeLedger();
  const { db, flow, run } = ledger;
  setJournaled(db, flow, true);
  setJournaled(db, flow, false);
  openBatches(db, { flow, run, at: 5, stage: null }, [{ members: [], bytes: 0 }]);
  expect(owedEntries(db, flow, 9)).toEqual([]);
});
