import { expect, test } from "vitest";
import { makeLedger, put, rel, type TestLedger } from "../../../test/support/ledger.ts";
import type { AbsPath } from "../../kernel/path.ts";
import { recordQueued, supersede } from "./admissions.ts";
import { addSet, type FileSet, HAS_NEWER_SET, openSets, setById } from "./file-sets.ts";
import { prune } from "./history.ts";
import { DECIDED_BELOW, endManifest, manifestOf, partsOf, recordManifest, recordPart, setStage } from "./manifests.ts";
import { FILES_BELOW } from "./receipts.ts";
import { addWait, countWaits, endWait, FIRST_WAITS, UNENDED_BELOW, waitsForAny, waitsOf } from "./set-waits.ts";

const digest = { algorithm: "sha256", hex: "00".repeat(32) } as const;

function newSet({ db, flow }: TestLedger, path = "16750"): FileSet {
  return setById(db, addSet(db, flow, rel(path), { timecode: 16750, seenAtMs: 1, newsAt: 1 }))!;
}

function decide({ db, flow }: TestLedger, set: FileSet, path = `${set.path}.json`): void {
  const file = "/m/x" as AbsPath;
  db.transaction(() => {
    recordPart(db, set.id, 0, Buffer.from("text"));
    recordManifest(db, flow, { set: set.id, path: rel(path), file, madeAtMs: 5, afterTransfer: 0, members: 1, sizeBytes: 4, digest });
  });
}

test("a set has one manifest for good: a second one, a change and a removal are refused", async () => {
  await using ledger = await makeLedger();
  const { db } = ledger;
  const set = newSet(ledger);
  decide(ledger, set);
  for (const change of ["path = x'61'", "digest = x'00'", "made_at = 6", "members = 2"])
    expect(() => db.run(`UPDATE manifest SET ${change}`), change).toThrow(/never changes/);
  expect(() => db.run("DELETE FROM manifest")).toThrow(/stays/);
  expect(() => db.run("UPDATE file_set SET decided_at = NULL")).toThrow(/decided once/);
  setStage(db, set.id, "entered");
  endManifest(db, set.id);
  expect([manifestOf(db, set.id)?.stage, [...partsOf(db, set.id)]]).toEqual(["delivered", []]);
  expect(() => decide(ledger, set, "other.json")).toThrow(/decided once/);
});

test("a set that waits for anything has no manifest, and two sets have none of one name", async () => {
  await using ledger = await makeLedger();
  const { db, flow } = ledger;
  const [set, other] = [newSet(ledger), newSet(ledger, "16751")];
  addWait(db, set.id, recordQueued(db, flow, put("16750/a"), ledger.at));
  expect(() => decide(ledger, set)).toThrow(/waits has no manifest/);
  decide(ledger, other, "one.json");
  db.run("DELETE FROM set_wait");
  expect(() => decide(ledger, set, "one.json")).toThrow(/UNIQUE/);
  expect(setById(db, set.id)?.decidedAtMs).toBeNull();
});

test("a set waits until its last transfer has ended for good; a dead letter is no end, and what history drops is", async () => {
  await using ledger = await makeLedger();
  const { db, flow } = ledger;
  const set = newSet(ledger);
  const ids = Array.from({ length: 200 }, (_, index) => recordQueued(db, flow, put(`16750/f${index}`), ledger.at));
  for (const id of ids) addWait(db, set.id, id);
  for (const id of ids.slice(0, 190)) supersede(db, id, "gone", 5);
  expect([countWaits(db, set.id), waitsForAny(db, set.id)]).toEqual([10, true]);
  db.run("UPDATE transfer SET state = 'sending', run = ?, due_at = NULL WHERE id = ?", ledger.run, ids[195]!);
  db.run("UPDATE transfer SET state = 'dead', run = NULL, ended_at = 5, code = 'internal', reason = 'why' WHERE id = ?", ids[195]!);
  expect(waitsOf(db, set.id, 2)).toMatchObject([
    { path: "16750/f195", state: "dead", code: "internal", reason: "why" },
    { path: "16750/f190", state: "queued" },
  ]);
  for (const id of ids.slice(190)) if (id !== ids[195]) supersede(db, id, "gone", 5);
  expect(waitsForAny(db, set.id)).toBe(true);
  supersede(db, ids[195]!, "gone", 5);
  // Each has a later transfer of its path, so that history lets it go.
  for (let index = 0; index < 200; index++) recordQueued(db, flow, put(`16750/f${index}`, 2), ledger.at);
  prune(db, flow, 1000);
  expect([waitsForAny(db, set.id), endWait(db, ids[0]!)]).toEqual([false, []]);
});

test("every question of a receipt and of a round goes by an index, whatever the size of the ledger", async () => {
  await using ledger = await makeLedger();
  const { db } = ledger;
  const planOf = (sql: string): string[] => db.all<{ detail: string }>(`EXPLAIN QUERY PLAN ${sql}`).map(({ detail }) => detail);
  expect(openSets(db, ledger.flow, "", 1)).toEqual([]);
  for (const sql of [FIRST_WAITS, UNENDED_BELOW, HAS_NEWER_SET, DECIDED_BELOW, FILES_BELOW]) {
    const plan = planOf(sql);
    expect(
      plan.filter((line) => /^SCAN (?!t$|\(subquery|CONSTANT)/.test(line)),
      sql,
    ).toEqual([]);
    expect(
      plan.filter((line) => line.includes("TEMP B-TREE")),
      sql,
    ).toEqual([]);
  }
  expect(planOf(FIRST_WAITS)[0]).toContain("SEARCH w USING PRIMARY KEY (file_set=?)");
  expect(planOf(HAS_NEWER_SET)[0]).toContain("file_set_timecode (flow=? AND parent=? AND timecode>?)");
  expect(planOf(UNENDED_BELOW)[0]).toContain("transfer_path (flow=? AND path>? AND path<?)");
});
