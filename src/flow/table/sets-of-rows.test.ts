import { afterEach, beforeEach, expect, test } from "vitest";
import { ForeignTable, tableSettings, tableSource } from "../../../test/support/foreign-table.ts";
import { makeLedger, rel, standingClock, type TestLedger } from "../../../test/support/ledger.ts";
import { makeTemporary, type Temporary } from "../../../test/support/temporary.ts";
import { silentLog } from "../../kernel/log.ts";
import { Placing } from "../completion/placing.ts";
import { SetPaths } from "../completion/set-paths.ts";
import { claim } from "../ledger/claims.ts";
import { type FileSet, setAt } from "../ledger/file-sets.ts";
import { type EndedAttempt, recordOutcomes } from "../ledger/outcomes.ts";
import { waitsForAny, waitsOf } from "../ledger/set-waits.ts";
import { deliveredUntilS, readSoFar } from "../ledger/table-source.ts";
import { type FollowContext, followRows } from "./follow-rows.ts";
import { TableFile } from "./table-file.ts";
import { noKnownRows } from "./comparison.ts";

let temporary: Temporary;
let ledger: TestLedger;
let foreign: ForeignTable;
let table: TableFile;
let context: FollowContext;

beforeEach(async () => {
  temporary = await makeTemporary();
  ledger = await makeLedger();
  foreign = new ForeignTable(`${temporary.path}/foreign.db`);
  const source = tableSource(`${temporary.path}/foreign.db`);
  table = new TableFile(source);
  context = { db: ledger.db, flow: ledger.flow, settings: tableSettings(source), source, clock: standingClock(), log: silentLog };
  readSoFar(ledger.db, ledger.flow);
});

afterEach(async () => {
  table[Symbol.dispose]();
  foreign[Symbol.dispose]();
  await ledger[Symbol.asyncDispose]();
  await temporary[Symbol.asyncDispose]();
});

const add = (name: string, more: object = {}): number => foreign.add({ local_path: `/data/${name}`, remote_path: name, ...more });
const follow = (): unknown => followRows(context, table.range(0, true, noKnownRows, 100).rows, []);

/** All that is queued; what is to be told to the table stays owed. */
function deliver(): void {
  const { db, flow, run } = ledger;
  const proof = { basis: "digest", digest: { algorithm: "md5", hex: "00".repeat(16) } } as const;
  const outcome = { kind: "delivered", receipt: { proof, durable: true }, method: "sent", retain: { kind: "keep" } } as const;
  const claimed = claim(db, { flow, run, bulk: false, limit: 1000, now: 2000, busy: () => false });
  const ended = claimed.map((transfer): EndedAttempt => ({ transfer, outcome, startedAtMs: 0, bytes: 0 }));
  db.transaction(() => recordOutcomes(db, ended, 5));
}

/** The set as it is once everything was placed. */
function placed(path: string): FileSet {
  const placing = new Placing(ledger.db, ledger.flow, new SetPaths(/\d{5}/));
  ledger.db.transaction(() => placing.catchUp(1000, 0));
  return setAt(ledger.db, ledger.flow, rel(path))!;
}

test.each<[what: string, cells: object]>([
  ["whose sum is none", { local_md5sum: "rubbish" }],
  ["whose file is no absolute path", { local_path: "data/b" }],
  ["whose file was removed before it was delivered", { removed: 7 }],
])("a set waits for a row of it %s, until that is corrected or set to be ignored", (_, cells) => {
  add("16750/a");
  const row = add("16750/b", cells);
  follow();
  deliver();
  const set = placed("16750");
  expect(waitsForAny(ledger.db, set.id)).toBe(true);
  expect(waitsOf(ledger.db, set.id, 9)).toMatchObject([{ path: `row ${row}`, state: "dead", code: "row-unusable" }]);
  foreign.set(row, { ignore: 1 });
  follow();
  placed("16750");
  expect(waitsForAny(ledger.db, set.id)).toBe(false);
});

test("a row that cannot be understood and that others verified is waited for by no set", () => {
  const sum = "0".repeat(32);
  add("16750/a");
  add("16750/b", { local_path: "data/b", local_md5sum: sum, remote_md5sum: sum });
  follow();
  deliver();
  expect(waitsForAny(ledger.db, placed("16750").id)).toBe(false);
});

test("what is delivered is final in a manifest, also before its row says so", () => {
  add("16750/a", { timestamp: 100 });
  add("16750/b", { timestamp: 200 });
  follow();
  const until = (): number => deliveredUntilS(ledger.db, ledger.flow, 999);
  expect(until()).toBe(99);
  deliver();
  expect(until()).toBe(999);
  add("16750/c", { timestamp: 150 });
  follow();
  expect(until()).toBe(149);
});
