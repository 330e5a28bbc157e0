import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { afterEach, beforeEach, expect, test } from "vitest";
import { flowSettings, makeLedger, registerTestFlow, rel, type TestLedger } from "../../../test/support/ledger.ts";
import { makeTemporary, type Temporary } from "../../../test/support/temporary.ts";
import { waitUntil } from "../../../test/support/waiting.ts";
import { silentLog } from "../../kernel/log.ts";
import { type AbsPath, type Bytes, bytesOfText, join, type RelPath } from "../../kernel/path.ts";
import { Admission } from "../admit/admission.ts";
import { lookAtPath } from "../detect/look-at-path.ts";
import * as admissions from "../ledger/admissions.ts";
import { claim } from "../ledger/claims.ts";
import { registerFlow } from "../ledger/flows.ts";
import { manifestOf, partsOf } from "../ledger/manifests.ts";
import { type EndedAttempt, recordOutcomes } from "../ledger/outcomes.ts";
import type { CompletionSettings, FlowSettings, WholeRule } from "../settings.ts";
import type { Change } from "../transfer.ts";
import { Completion } from "./completion.ts";
import { LedgerPort } from "./manifest-port.ts";

let temporary: Temporary;
let ledger: TestLedger;
let root: AbsPath;
let completion: Completion;
let looked: RelPath[];
const clock = { wall: () => Date.now(), steady: () => performance.now(), sleep: async () => undefined };

beforeEach(async () => {
  temporary = await makeTemporary();
  ledger = await makeLedger();
  root = bytesOfText(`${temporary.path}/source`) as AbsPath;
  mkdirSync(root);
  looked = [];
  manifestPath = "${set}.json";
  sourceKind = "watched";
});

afterEach(async () => {
  await completion[Symbol.asyncDispose]();
  await ledger[Symbol.asyncDispose]();
  await temporary[Symbol.asyncDispose]();
});

let manifestPath: string;
let sourceKind: "watched" | "posted";

function settingsWith(whole: WholeRule): FlowSettings & { completion: CompletionSettings } {
  const directory = bytesOfText(`${temporary.path}/manifests`) as AbsPath;
  const manifest = { format: "json", directory, path: manifestPath, instance: null, archive: "x" } as const;
  const settings = flowSettings({ source: { root, kind: sourceKind }, completion: null });
  return { ...settings, completion: { sets: /\d+/, whole, manifest } };
}

function begin(whole: WholeRule): void {
  const { db, flow } = ledger;
  const settings = settingsWith(whole);
  const look = (paths: RelPath[]): void => {
    looked.push(...paths);
    see(...paths);
  };
  const broken = (error: unknown): void => {
    throw error;
  };
  const asked = { look, halted: () => false, queued: () => undefined, changed: () => undefined, broken };
  const port = new LedgerPort({ db, flow, clock });
  completion = new Completion({ db, flow, settings, clock, log: silentLog, port, ...asked }, settings.completion);
}

function write(...paths: string[]): void {
  for (const path of paths) {
    mkdirSync(`${root}/${path}`.replace(/\/[^/]*$/, ""), { recursive: true });
    writeFileSync(`${root}/${path}`, path);
  }
}

/** As the intake does it. */
function see(...paths: string[]): void {
  const admission = new Admission(ledger.db, ledger.flow, settingsWith({ kind: "timecode" }), clock);
  admission.admit(paths.map((path) => lookAtPath(join(root, path as Bytes), path as RelPath, false)));
}

function record(...changes: Change[]): void {
  for (const change of changes) admissions.recordQueued(ledger.db, ledger.flow, change, { wall: clock.wall(), steady: clock.steady() });
}

/** Everything that is due is delivered. */
function deliver(): void {
  const { db, flow, run } = ledger;
  const claimed = claim(db, { flow, run, bulk: false, limit: 1000, now: clock.steady() + 1000, busy: () => false });
  const proof = { basis: "digest", digest: { algorithm: "sha256", hex: "00".repeat(32) } } as const;
  const outcome = { kind: "delivered", receipt: { proof, durable: true }, method: "sent", retain: { kind: "keep" } } as const;
  const ended = claimed.map((transfer): EndedAttempt => ({ transfer, outcome, startedAtMs: 0, bytes: 0 }));
  db.transaction(() => {
    recordOutcomes(db, ended, 5);
    completion.recorded(ended);
  });
}

const manifests = (): string[] =>
  ledger.db.all<{ path: Uint8Array }>("SELECT path FROM manifest ORDER BY path").map(({ path }) => Buffer.from(path).toString());
const membersOf = (set: number): string[] =>
  (JSON.parse(Buffer.concat([...partsOf(ledger.db, set)]).toString()) as { members: Array<{ path: string }> }).members.map(
    ({ path }) => path,
  );
const decided = async (count = 1): Promise<unknown> =>
  waitUntil("manifests", () => {
    completion.round();
    return manifests().length >= count;
  });

test("a marker that is seen and delivered before the rest completes nothing: the source is compared, and what was not seen is looked at", async () => {
  begin({ kind: "marker", marker: "DONE" as Bytes });
  write("7/DONE", "7/a", "7/deep/er/b", "8/x");
  see("7/DONE");
  deliver();
  await waitUntil("a look", () => {
    completion.round();
    return looked.length > 0;
  });
  expect(looked.toSorted()).toEqual(["7/a", "7/deep/er/b"]);
  expect(manifests()).toEqual([]);
  deliver();
  await decided();
  expect(manifests()).toEqual(["7.json"]);
});

test("a file that changes after it was seen, a rejected one and one that is gone: only the first is looked at again", async () => {
  begin({ kind: "count", count: 2 });
  write("7/a", "7/b", "7/gone");
  see("7/a", "7/b", "7/gone");
  deliver();
  writeFileSync(`${root}/7/a`, "longer than it was");
  rmSync(`${root}/7/gone`);
  await waitUntil("a look", () => {
    completion.round();
    return looked.length > 0;
  });
  expect(looked).toEqual(["7/a"]);
  expect(manifests()).toEqual([]);
});

test("a directory that is renamed into place is a set once its files are seen there, and waits for a rename that takes it away", async () => {
  begin({ kind: "count", count: 1 });
  write("7/a");
  record({ kind: "rename", path: rel("7"), from: rel("aside"), directory: true, version: null, mode: 0o755 });
  see("7/a");
  completion.round();
  const waits = ledger.db.all<{ kind: string }>("SELECT t.kind FROM set_wait w JOIN transfer t ON t.id = w.transfer ORDER BY t.id");
  expect(waits.map(({ kind }) => kind)).toEqual(["put"]);
  record({ kind: "rename", path: rel("8"), from: rel("7"), directory: true, version: null, mode: 0o755 });
  completion.round();
  expect(ledger.db.all("SELECT 1 FROM set_wait").length).toBe(2);
  expect(manifests()).toEqual([]);
});

test("sets in sets: a file belongs to each, and both have their manifest", async () => {
  begin({ kind: "count", count: 1 });
  write("7/8/a", "7/b");
  see("7/8/a", "7/b");
  deliver();
  await decided();
  expect(manifests()).toEqual(["7.json"]);
  expect(membersOf(1)).toEqual(["7/8/a", "7/b"]);
});

test("where manifests cannot be written that is told, and nothing is lost; a file that is removed before it was sent is written anew", async () => {
  begin({ kind: "count", count: 1 });
  writeFileSync(`${temporary.path}/manifests`, "in the way");
  write("7/a");
  see("7/a");
  deliver();
  await decided();
  completion.round();
  expect(completion.notice).toMatch(/manifests\/7\.json cannot be written: .*(ENOTDIR|EEXIST)/);
  expect(completion.idle).toBe(false);
  rmSync(`${temporary.path}/manifests`);
  completion.round();
  expect([completion.notice, manifestOf(ledger.db, 1)?.stage]).toEqual([null, "entered"]);
  const text = readFileSync(`${temporary.path}/manifests/7.json`, "utf8");
  rmSync(`${temporary.path}/manifests/7.json`);
  completion.round();
  completion.round();
  expect(readFileSync(`${temporary.path}/manifests/7.json`, "utf8")).toBe(text);
  // A look at its path in the source is none at the file, and takes nothing away.
  see("7.json");
  deliver();
  expect([manifestOf(ledger.db, 1)?.stage, completion.idle]).toEqual(["delivered", true]);
  see("7.json");
  expect(ledger.db.all("SELECT 1 FROM transfer WHERE path = CAST('7.json' AS BLOB) AND state <> 'superseded'").length).toBe(1);
});

test("with another destination sets begin anew, and a manifest that was not sent is not owed to it", async () => {
  begin({ kind: "count", count: 1 });
  write("7/a");
  see("7/a");
  deliver();
  await decided();
  completion.round();
  const { db } = ledger;
  registerTestFlow(db, "unused");
  const next = registerFlow(db, { name: "test", root: bytesOfText("/source") as AbsPath, destination: "file:/elsewhere" });
  expect(db.all("SELECT 1 FROM transfer WHERE flow = ?", next)).toEqual([]);
  expect(db.all("SELECT 1 FROM file_set WHERE flow = ?", next)).toEqual([]);
});

/** Delivered long ago. */
function delivered(...paths: string[]): void {
  const columns =
    "flow, kind, path, inode, size, mtime_ns, mode, links, state, seen_at, ended_at, basis, algorithm, digest, durable, method";
  const sql = `INSERT INTO transfer (${columns}) VALUES (?, 'put', ?, '1:1', 1, 1, 420, 1, 'delivered', 1, 2, 'digest', 'sha256', x'00', 1, 'sent')`;
  ledger.db.transaction(() => paths.forEach((path) => ledger.db.run(sql, ledger.flow, Buffer.from(path))));
}

test("sets that were delivered before anybody knew of sets have their manifests, a turn's worth of members at a time", () => {
  sourceKind = "posted";
  for (const set of ["1", "2", "3"]) delivered(...Array.from({ length: 11_000 }, (_, index) => `${set}/f${index}`));
  begin({ kind: "count", count: 1 });
  for (let round = 0; manifests().length === 0; round++) {
    expect(round).toBeLessThan(100);
    completion.round();
  }
  expect(manifests()).toHaveLength(2);
  completion.round();
  expect(manifests()).toEqual(["1.json", "2.json", "3.json"]);
});

test("two sets whose manifests would have one name: the first has it, and it is told why the other has none", () => {
  sourceKind = "posted";
  manifestPath = "${name}.json";
  delivered("1/7/a", "2/7/b");
  const { db, flow } = ledger;
  const settings = settingsWith({ kind: "count", count: 1 });
  const nothing = (): undefined => undefined;
  const sections = { ...settings.completion, sets: /\d\/7/ };
  const port = new LedgerPort({ db, flow, clock });
  const asked = { look: nothing, halted: () => false, queued: nothing, changed: nothing, broken: nothing };
  completion = new Completion({ db, flow, settings, clock, log: silentLog, port, ...asked }, sections);
  completion.round();
  expect(manifests()).toEqual(["7.json"]);
  expect(completion.notice).toBe("the manifest of 2/7 would have the name of another set's, so it has none: put ${set} into manifest.path");
});
