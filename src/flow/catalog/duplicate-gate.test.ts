import { linkSync, lstatSync, mkdirSync, readdirSync, readFileSync, renameSync, symlinkSync, writeFileSync } from "node:fs";
import { DatabaseSync } from "node:sqlite";
import { afterEach, beforeEach, expect, test } from "vitest";
import { originalTables } from "../../../test/support/endpoint.ts";
import { flowSettings, rel, standingClock } from "../../../test/support/ledger.ts";
import { makeTemporary, type Temporary } from "../../../test/support/temporary.ts";
import type { AbsPath } from "../../kernel/path.ts";
import { captureName } from "../finish/capture-name.ts";
import { recordQueued } from "../ledger/admissions.ts";
import { beginRun, claim } from "../ledger/claims.ts";
import { type Database, openForWriting } from "../ledger/database.ts";
import { type FlowId, registerFlow } from "../ledger/flows.ts";
import { recordOutcomes } from "../ledger/outcomes.ts";
import { SourceReader } from "../read/source-reader.ts";
import type { ClaimedTransfer } from "../transfer.ts";
import { versionOf } from "../version.ts";
import { Catalog } from "./catalog.ts";
import { DuplicateGate } from "./duplicate-gate.ts";

let place: Temporary;
let db: Database;
let flow: FlowId;
let sqlite: DatabaseSync;
let reader: SourceReader;
let catalog: Catalog;
const clock = standingClock(1_000_000);
const lines: string[] = [];
const tell = (text: string): void => void lines.push(text);
const log = { debug: tell, info: tell, warn: tell, error: tell } as unknown as ConstructorParameters<typeof DuplicateGate>[0]["log"];

beforeEach(async () => {
  place = await makeTemporary();
  for (const name of ["source", "storage"]) mkdirSync(`${place.path}/${name}/d`, { recursive: true });
  db = openForWriting(`${place.path}/state`);
  flow = registerFlow(db, { name: "a", root: `${place.path}/source` as AbsPath, destination: "there" });
  sqlite = new DatabaseSync(`${place.path}/c.db`);
  sqlite.exec(originalTables);
  reader = new SourceReader();
  catalog = new Catalog({ database: `${place.path}/c.db` as AbsPath, table: "files" });
});

afterEach(async () => {
  catalog[Symbol.dispose]();
  sqlite.close();
  await reader[Symbol.asyncDispose]();
  db[Symbol.dispose]();
  await place[Symbol.asyncDispose]();
});

function makeGate(duplicates: "keep" | "delete" = "delete"): DuplicateGate {
  const settings = flowSettings({ source: { root: `${place.path}/source` as AbsPath } });
  const entry = { id: flow, settings };
  return new DuplicateGate({
    catalog,
    duplicates,
    flow: entry,
    all: () => [entry],
    directory: `${place.path}/storage` as AbsPath,
    algorithm: "blake2b",
    db,
    reader,
    clock,
    log,
  });
}

/** Files of the source, claimed together. */
function claimed(files: Record<string, string>): ClaimedTransfer[] {
  for (const [path, content] of Object.entries(files)) {
    const file = `${place.path}/source/${path}`;
    writeFileSync(file, content);
    const version = versionOf(lstatSync(file, { bigint: true }));
    recordQueued(db, flow, { kind: "put", path: rel(path), version, mode: 0o644, links: 1 }, { wall: 1, steady: 1 });
  }
  const run = beginRun(db, 1, { wall: 1, steady: 1 });
  return claim(db, { flow, run, bulk: false, limit: 10, now: 10_000, busy: () => false });
}

/** It is in the storage, and has its row. */
async function entered(path: string, content: string): Promise<void> {
  const file = `${place.path}/storage/${path}` as AbsPath;
  writeFileSync(file, content);
  const read = await reader.digest(file, null, "blake2b");
  catalog.enter({ path: rel(path), hex: read.kind === "digest" ? read.hex : "", sizeBytes: content.length });
}

const inSource = (): string[] => readdirSync(`${place.path}/source`).filter((name) => name !== "d");

test("what the catalog does not have is sent; of two with one name, or one content, the second waits", async () => {
  const gate = makeGate();
  const { sent, ended } = await gate.pass(claimed({ a: "one", "d/a": "two", b: "one", c: "three" }));
  expect(sent.map(({ change }) => change.path)).toEqual(["a", "c"]);
  expect(ended.map(({ transfer, outcome }) => [transfer.change.path, outcome.kind])).toEqual([
    ["d/a", "hand-back"],
    ["b", "hand-back"],
  ]);
  // The first one failed: there is nobody to wait for.
  const failed = { kind: "superseded" as const, reason: "gone", litter: false };
  recordOutcomes(db, [{ transfer: sent[0]!, outcome: failed, startedAtMs: 1, bytes: 0 }], 2);
  expect((await gate.pass([ended[0]!.transfer])).sent).toHaveLength(1);
});

test("a duplicate goes once its bytes were compared, and one that is to be kept is a dead letter", async () => {
  await entered("d/a", "one");
  const transfers = claimed({ a: "one" });
  const kept = await makeGate("keep").pass(transfers);
  expect(kept.ended[0]?.outcome).toMatchObject({ kind: "give-up", error: { code: "duplicate" } });
  expect(inSource()).toEqual(["a"]);
  const removed = await makeGate("delete").pass(transfers);
  expect(removed.ended[0]?.outcome).toMatchObject({ kind: "superseded", reason: expect.stringContaining("whose bytes were compared") });
  expect(inSource()).toEqual([]);
});

test("a duplicate that a kill left under a name of ours is put back, looked at again, and goes", async () => {
  await entered("d/a", "one");
  const transfers = claimed({ a: "one" });
  renameSync(`${place.path}/source/a`, `${place.path}/source/${captureName(transfers[0]!.id)}`);
  const { sent, ended } = await makeGate().pass(transfers);
  expect(sent).toEqual([]);
  expect(ended[0]?.outcome.kind).toBe("superseded");
  expect(inSource()).toEqual([]);
});

test("a duplicate whose bytes are not where its row says stays", async () => {
  await entered("d/a", "one");
  writeFileSync(`${place.path}/storage/d/a`, "oNe");
  const transfers = claimed({ a: "one" });
  expect((await makeGate().pass(transfers)).ended[0]?.outcome).toMatchObject({
    kind: "give-up",
    error: { detail: expect.stringContaining("what is there has other content than the catalog says") },
  });
  expect(readFileSync(`${place.path}/source/a`, "utf8")).toBe("one");
});

test("a duplicate of what a row finds in the source itself stays, however many names that file has", async () => {
  writeFileSync(`${place.path}/source/d/a`, "one");
  linkSync(`${place.path}/source/d/a`, `${place.path}/elsewhere`);
  symlinkSync(`${place.path}/source/d`, `${place.path}/storage/link`);
  await entered("link/a", "one");
  expect((await makeGate().pass(claimed({ "d/a": "one" }))).ended[0]?.outcome).toMatchObject({
    kind: "give-up",
    error: { detail: expect.stringContaining("that place is in the source itself") },
  });
  expect(readFileSync(`${place.path}/source/d/a`, "utf8")).toBe("one");
});

test("what is under a name in the destination is ours to replace only where its row is of our content", async () => {
  await entered("d/a", "one");
  const { hex } = catalog.rowAt(rel("d/a"))!;
  const gate = makeGate();
  expect([gate.mayReplace(rel("d/a"), hex), gate.mayReplace(rel("d/a"), "00"), gate.mayReplace(rel("a"), hex)]).toEqual([
    true,
    false,
    false,
  ]);
});

test("a catalog that cannot be asked holds everything, until it can be again", async () => {
  const gate = makeGate();
  const transfers = claimed({ a: "one", b: "two" });
  sqlite.exec("BEGIN EXCLUSIVE");
  const { sent, ended } = await gate.pass(transfers);
  expect([sent.length, ended.map(({ outcome }) => outcome.kind)]).toEqual([0, ["hand-back", "hand-back"]]);
  expect(gate.trouble).toContain("locked");
  const until = gate.heldUntil();
  expect(until).toBeGreaterThan(clock.now);
  clock.now = until! + 1;
  expect(gate.heldUntil()).toBeGreaterThan(clock.now);
  sqlite.exec("COMMIT");
  clock.now += 60_000;
  expect(gate.heldUntil()).toBeNull();
  expect(gate.trouble).toBeNull();
  expect((await gate.pass(transfers)).sent).toHaveLength(2);
});
