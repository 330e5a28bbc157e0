import { expect, test } from "vitest";
import { makeLedger, put, rel, type TestLedger } from "../../../test/support/ledger.ts";
import { bytesOfText, type AbsPath } from "../../kernel/path.ts";
import type { Change } from "../transfer.ts";
import { recordQueued } from "./admissions.ts";
import { claim } from "./claims.ts";
import { type FlowIdentity, recount, registerFlow, setHeld, heldOf, tallyOf } from "./flows.ts";
import { recordOutcomes } from "./outcomes.ts";
import { receipts } from "./receipts.ts";
import { recordNamedFile } from "./named-files.ts";
import { formerFlows } from "./relocate.ts";
import { putRow } from "./table-rows.ts";
import { readSoFar } from "./table-source.ts";

const there = (destination: string, root = "/source"): FlowIdentity => ({
  name: "test",
  root: bytesOfText(root) as AbsPath,
  destination,
});

/** One delivered, one that is being sent, one in the queue. */
function busy(ledger: TestLedger): void {
  const { db, flow, run, at } = ledger;
  for (const path of ["delivered", "sending", "queued"]) recordQueued(db, flow, put(path), at);
  const [first] = claim(db, { flow, run, bulk: false, limit: 2, now: at.steady, busy: () => false });
  recordOutcomes(
    db,
    [
      {
        transfer: first!,
        outcome: {
          kind: "delivered",
          receipt: { proof: { basis: "digest", digest: { algorithm: "sha256", hex: "ab".repeat(32) } }, durable: true },
          method: "sent",
          retain: { kind: "keep" },
        },
        startedAtMs: 1,
        bytes: 1,
      },
    ],
    50,
  );
}

test("the same place is the same flow", async () => {
  await using ledger = await makeLedger();
  busy(ledger);
  expect(registerFlow(ledger.db, there("file:/there"))).toBe(ledger.flow);
  expect(tallyOf(ledger.db, ledger.flow)).toMatchObject({ seen: 3, delivered: 1, sending: 1, queued: 1 });
});

test("with another destination nothing counts as delivered, and what was owed is owed there", async () => {
  await using ledger = await makeLedger();
  busy(ledger);
  setHeld(ledger.db, ledger.flow, "paused");
  const flow = registerFlow(ledger.db, there("sftp://cluster/in"), 99);
  expect(flow).not.toBe(ledger.flow);
  expect(heldOf(ledger.db, flow)).toBe("paused");
  expect([...receipts(ledger.db, { id: flow, name: "test" })]).toEqual([]);
  expect(tallyOf(ledger.db, flow)).toMatchObject({ seen: 2, queued: 2, queuedBytes: 20 });
  expect(tallyOf(ledger.db, ledger.flow)).toMatchObject({ seen: 3, delivered: 1, superseded: 2, queued: 0, sending: 0 });
  for (const id of [flow, ledger.flow]) expect(recount(ledger.db, id)).toEqual([]);
  const claimed = claim(ledger.db, { flow, run: ledger.run, bulk: false, limit: 9, now: ledger.at.steady, busy: () => false });
  expect(claimed.map(({ change, adopt }) => `${change.path} ${String(adopt)}`)).toEqual(["sending true", "queued true"]);
  // And back again: that is a third one, since nobody knows what happened there meanwhile.
  expect([flow, ledger.flow]).not.toContain(registerFlow(ledger.db, there("file:/there")));
});

test("no removal and no rename of the old place is made at the new one, where nothing of ours is", async () => {
  await using ledger = await makeLedger();
  const { db, at } = ledger;
  const moved: Change = { ...put("moved"), kind: "rename", from: rel("sent"), directory: false };
  const changes: Change[] = [{ kind: "delete", path: rel("gone") }, { kind: "rmdir", path: rel("dir") }, moved, put("new")];
  for (const change of changes) recordQueued(db, ledger.flow, change, at);
  const flow = registerFlow(db, there("sftp://cluster/in"), 99);
  expect(tallyOf(db, flow)).toMatchObject({ seen: 1, queued: 1 });
  expect(tallyOf(db, ledger.flow)).toMatchObject({ superseded: 4, queued: 0 });
  for (const id of [flow, ledger.flow]) expect(recount(db, id)).toEqual([]);
});

test("the rows of before that went to the same destination are known, and no other flow's", async () => {
  await using ledger = await makeLedger();
  const { db, flow: first } = ledger;
  registerFlow(db, { ...there("file:/there"), name: "other" });
  const second = registerFlow(db, there("file:/there", "/elsewhere"), 99);
  expect(formerFlows(db, second)).toEqual([first]);
  const third = registerFlow(db, there("sftp://cluster/in", "/elsewhere"), 99);
  expect(formerFlows(db, third)).toEqual([]);
  expect(formerFlows(db, registerFlow(db, there("file:/there", "/elsewhere"), 99))).toEqual([first, second]);
});

test("with another source and another destination at once nothing of the old one is owed", async () => {
  await using ledger = await makeLedger();
  busy(ledger);
  const flow = registerFlow(ledger.db, there("sftp://cluster/in", "/elsewhere"), 99);
  expect(tallyOf(ledger.db, flow)).toMatchObject({ seen: 0, queued: 0 });
});

test("with another source nothing of the old one is owed, and nothing of it is missing", async () => {
  await using ledger = await makeLedger();
  busy(ledger);
  const flow = registerFlow(ledger.db, there("file:/there", "/elsewhere"), 99);
  expect(tallyOf(ledger.db, flow)).toMatchObject({ seen: 0, queued: 0 });
  expect(tallyOf(ledger.db, ledger.flow)).toMatchObject({ delivered: 1, superseded: 2 });
});

test("a transfer that names its own file names it at the new place, too; rows of a table are read anew", async () => {
  await using ledger = await makeLedger();
  const { db, flow, at } = ledger;
  const digest = { algorithm: "md5", hex: "ab".repeat(16) } as const;
  const file = { path: bytesOfText("/elsewhere/manifest") as AbsPath, digest };
  recordQueued(db, flow, put("plain"), at);
  recordNamedFile(db, flow, recordQueued(db, flow, put("manifest"), at), file);
  const ofRow = recordQueued(db, flow, put("row"), at);
  readSoFar(db, flow);
  const row = { row: 1, transfer: ofRow, fingerprint: 1, registration: 1, registeredAtS: 1, registered: null, removable: true };
  putRow(db, flow, { ...row, verified: false, waits: true, copied: false, failures: 0, failuresThere: 0 });
  const moved = registerFlow(db, there("file:/other"));
  const claimed = claim(db, { flow: moved, run: ledger.run, bulk: false, limit: 9, now: at.steady, busy: () => false });
  expect(claimed.map(({ change, file: named }) => [change.path, named])).toEqual([
    ["plain", null],
    ["manifest", file],
  ]);
  expect(recount(db, moved)).toEqual([]);
  expect(readSoFar(db, moved)).toEqual({ identity: null, high: null });
});
