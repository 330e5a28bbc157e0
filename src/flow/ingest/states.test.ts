import { afterAll, beforeAll, expect, test } from "vitest";
import { makeTemporary, type Temporary } from "../../../test/support/temporary.ts";
import { type Database, openForWriting } from "../ledger/database.ts";
import { type IngestEvent, type IngestState, type IngestStatus, ingestStatuses, transition } from "./states.ts";

const states: Record<IngestStatus, IngestState> = {
  UNTRIED: { status: "UNTRIED" },
  PENDING: { status: "PENDING", from: "RERUN" },
  SUCCESS: { status: "SUCCESS", message: null },
  FAILURE: { status: "FAILURE", message: "why" },
  UNKNOWN: { status: "UNKNOWN", message: "why" },
  RERUN: { status: "RERUN" },
  IGNORED: { status: "IGNORED", message: "why" },
};
const events: Record<IngestEvent["event"], IngestEvent> = {
  begin: { event: "begin" },
  succeed: { event: "succeed", message: null },
  fail: { event: "fail", message: "no" },
  interrupt: { event: "interrupt", message: "no" },
  "pass-over": { event: "pass-over", message: "no" },
  "hand-back": { event: "hand-back" },
  rerun: { event: "rerun" },
};

/** The whole table: where each event leads from each state; what is not named does not apply. */
const table: Record<IngestStatus, Partial<Record<IngestEvent["event"], IngestStatus>>> = {
  UNTRIED: { begin: "PENDING", "pass-over": "IGNORED" },
  RERUN: { begin: "PENDING", "pass-over": "IGNORED" },
  PENDING: { succeed: "SUCCESS", fail: "FAILURE", interrupt: "UNKNOWN", "pass-over": "IGNORED", "hand-back": "RERUN" },
  SUCCESS: {},
  FAILURE: { rerun: "RERUN", "pass-over": "IGNORED" },
  UNKNOWN: { rerun: "RERUN", "pass-over": "IGNORED" },
  IGNORED: {},
};

test.each(ingestStatuses)("from %s each event leads where the table says, and others change nothing", (status) => {
  for (const [name, event] of Object.entries(events))
    expect(transition(states[status], event)?.status, name).toBe(table[status][event.event]);
});

let place: Temporary;
let db: Database;

beforeAll(async () => {
  place = await makeTemporary();
  db = openForWriting(place.path);
  db.run("INSERT INTO flow (id, name, root, destination) VALUES (1, 'a', x'2f', 'there')");
  db.run("INSERT INTO tally (flow) VALUES (1)");
});

afterAll(async () => {
  db[Symbol.dispose]();
  await place[Symbol.asyncDispose]();
});

const cells: Record<IngestStatus, [attempts: number, message: string | null]> = {
  UNTRIED: [0, null],
  RERUN: [1, null],
  PENDING: [1, null],
  SUCCESS: [1, null],
  FAILURE: [1, "why"],
  UNKNOWN: [1, "why"],
  IGNORED: [0, "why"],
};

test("the ledger itself refuses every move that the table does not have, and counts each status exactly", () => {
  for (const from of ingestStatuses)
    for (const to of ingestStatuses.filter((status) => status !== from)) {
      const id = db.insert(
        "INSERT INTO transfer (flow, kind, path, inode, size, mtime_ns, mode, state, seen_at, due_at) VALUES (1, 'put', x'61', '1:1', 1, 1, 420, 'queued', 1, 1)",
      );
      db.run(
        "INSERT INTO ingest (transfer, flow, status, attempts, changed_at, message) VALUES (?, 1, ?, ?, 1, ?)",
        id,
        from,
        ...cells[from],
      );
      const move = (): unknown =>
        db.run("UPDATE ingest SET status = ?, attempts = ?, message = ? WHERE transfer = ?", to, ...cells[to], id);
      const leads = Object.values(table[from]).includes(to) || (from === "PENDING" && to === "UNTRIED");
      expect(refusalOf(move) === null, `${from} to ${to}`).toBe(leads);
    }
  const tally = db.all("SELECT status, files FROM ingest_tally WHERE files > 0 ORDER BY status");
  expect(tally).toEqual(db.all("SELECT status, count(*) AS files FROM ingest GROUP BY status ORDER BY status"));
});

test("a status has what its type has", () => {
  const insert = (status: string, attempts: number) => (): unknown =>
    db.run("INSERT INTO ingest (transfer, flow, status, attempts, changed_at) VALUES (1000, 1, ?, ?, 1)", status, attempts);
  for (const status of ["FAILURE", "UNKNOWN", "IGNORED"] as const) expect(insert(status, cells[status][0]), status).toThrow("CHECK");
  expect(insert("UNTRIED", 1)).toThrow("CHECK");
  expect(insert("DONE", 1)).toThrow("CHECK");
});

/** null: it was done. */
function refusalOf(work: () => unknown): string | null {
  try {
    work();
    return null;
  } catch (error) {
    const message = String(error);
    if (!message.includes("state diagram")) throw error;
    return message;
  }
}
