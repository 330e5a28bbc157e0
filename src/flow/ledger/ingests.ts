import type { WallMs } from "../../kernel/clock.ts";
import { assert } from "../../kernel/errors.ts";
import { type RelPath, show } from "../../kernel/path.ts";
import { type IngestStatus, ingestStatuses } from "../ingest/states.ts";
import type { Change, TransferId } from "../transfer.ts";
import type { Database, Row } from "./database.ts";
import type { FlowId } from "./flows.ts";
import type { EndedAttempt } from "./outcomes.ts";
import { pathCell, pathFrom } from "./rows.ts";
import { sameAsBefore } from "./same-as-before.ts";

const INTERRUPTED = "hotdir ended while the command had it, and nobody can tell whether it was ingested";
const NEWER = "a newer version is ingested in its place";

/** Deliveries of one flow are to be ingested: in the transaction of their receipts. */
export function oweIngests(db: Database, flow: FlowId, delivered: EndedAttempt[], at: WallMs): void {
  for (const { transfer, outcome } of delivered) {
    const { id, change } = transfer;
    const isFound = outcome.kind === "delivered" && outcome.method === "found";
    const before = isFound ? sameAsBefore(db, flow, id, change) : null;
    // Looked at once more, and the same as ever: it is ingested already, or waits for it.
    if (before !== null && ingestOf(db, before) !== null) continue;
    passOverEarlier(db, flow, id, change, at);
    if (change.kind !== "put" && (change.kind !== "rename" || change.directory)) continue;
    db.run("INSERT OR IGNORE INTO ingest (transfer, flow, status, changed_at) VALUES (?, ?, 'UNTRIED', ?)", id, flow, at);
  }
}

/** What is under a name at the destination is its newest version: an earlier one cannot be ingested any more. One that the command has goes its way. */
function passOverEarlier(db: Database, flow: FlowId, id: TransferId, change: Change, at: WallMs): void {
  if (change.kind === "mkdir" || change.kind === "rmdir") return;
  passOver(db, { flow, path: change.path, before: id }, change.kind === "delete" ? "it was removed before it was ingested" : NEWER, at);
  if (change.kind === "rename")
    passOver(db, { flow, path: change.from, before: id }, `it is ${show(change.path)} now, and ingested under that name`, at);
}

function passOver(db: Database, earlier: { flow: FlowId; path: RelPath; before: TransferId }, reason: string, at: WallMs): void {
  db.run(
    `UPDATE ingest SET status = 'IGNORED', changed_at = ?, message = ? WHERE status IN ('UNTRIED', 'RERUN', 'FAILURE', 'UNKNOWN')
     AND transfer IN (SELECT id FROM transfer WHERE flow = ? AND path = ? AND id < ?)`,
    at,
    reason,
    earlier.flow,
    pathCell(earlier.path),
    earlier.before,
  );
}

/** What the last run of the flow left with the command; `again`: all that nobody knows the end of is handed over once more. */
export function interruptedIngests(db: Database, flows: readonly FlowId[], at: WallMs, again: boolean): number {
  return db.transaction(() => {
    const pending = flows.flatMap((flow) => withStatus(db, flow, "PENDING", -1));
    endIngests(
      db,
      pending.map((transfer) => ({ transfer, status: "UNKNOWN", message: INTERRUPTED, startedAtMs: at, endedAtMs: at })),
    );
    // Those that an orderly stop had to end are known to be so already.
    if (again)
      rerunIngests(
        db,
        flows.flatMap((flow) => withStatus(db, flow, "UNKNOWN", -1)),
        at,
      );
    return pending.length;
  });
}

export type DueIngest = { transfer: TransferId; flow: FlowId; path: RelPath };

/** Takes the oldest that are due, and makes them PENDING. A file of which the command has an earlier version waits for that one's end. */
export function takeIngests(db: Database, flows: readonly FlowId[], limit: number, at: WallMs): DueIngest[] {
  return db.transaction(() => {
    const due = flows.flatMap((flow) => (["UNTRIED", "RERUN"] as const).flatMap((status) => dueWith(db, flow, status, limit)));
    const taken = due.toSorted((a, b) => a.transfer - b.transfer).slice(0, limit);
    for (const { transfer, flow, path } of taken) {
      db.run("UPDATE ingest SET status = 'PENDING', attempts = attempts + 1, changed_at = ? WHERE transfer = ?", at, transfer);
      passOver(db, { flow, path, before: transfer }, NEWER, at);
    }
    return taken;
  });
}

const DUE = `SELECT i.transfer AS transfer, i.flow AS flow, t.path AS path FROM ingest i INDEXED BY ingest_open JOIN transfer t ON t.id = i.transfer
  WHERE i.flow = ? AND i.status = ? AND i.status <> 'SUCCESS'
    AND NOT EXISTS (SELECT 1 FROM transfer o JOIN ingest p ON p.transfer = o.id WHERE o.flow = t.flow AND o.path = t.path AND o.id < t.id AND p.status = 'PENDING')
  ORDER BY i.transfer LIMIT ?`;

function dueWith(db: Database, flow: FlowId, status: "UNTRIED" | "RERUN", limit: number): DueIngest[] {
  return db
    .all<Row & { transfer: number; flow: number; path: Uint8Array }>(DUE, flow, status, limit)
    .map((row) => ({ transfer: row.transfer, flow: row.flow, path: pathFrom(row.path) }));
}

function withStatus(db: Database, flow: FlowId, status: IngestStatus, limit: number): TransferId[] {
  return db
    .all<{ transfer: number }>(
      "SELECT transfer FROM ingest INDEXED BY ingest_open WHERE flow = ? AND status = ? AND status <> 'SUCCESS' ORDER BY transfer LIMIT ?",
      flow,
      status,
      limit,
    )
    .map(({ transfer }) => transfer);
}

/** How an attempt ended. */
export type EndedIngest = {
  transfer: TransferId;
  status: "SUCCESS" | "FAILURE" | "UNKNOWN" | "IGNORED";
  message: string | null;
  startedAtMs: WallMs;
  endedAtMs: WallMs;
};

export function endIngests(db: Database, ended: readonly EndedIngest[]): void {
  db.transaction(() => {
    for (const { transfer, status, message, startedAtMs, endedAtMs } of ended) {
      const isMoved =
        db.run(
          "UPDATE ingest SET status = ?, message = ?, changed_at = ? WHERE transfer = ? AND status = 'PENDING'",
          status,
          message,
          endedAtMs,
          transfer,
        ) === 1;
      if (!isMoved || status === "IGNORED") continue;
      db.run(
        "INSERT INTO ingest_attempt (transfer, started_at, ended_at, status, message) VALUES (?, ?, ?, ?, ?)",
        transfer,
        startedAtMs,
        endedAtMs,
        status,
        message,
      );
    }
  });
}

/** The command never had them. */
export function handBackIngests(db: Database, transfers: readonly TransferId[], at: WallMs): void {
  db.transaction(() => {
    for (const transfer of transfers)
      db.run(
        "UPDATE ingest SET status = CASE attempts WHEN 1 THEN 'UNTRIED' ELSE 'RERUN' END, attempts = attempts - 1, changed_at = ? WHERE transfer = ? AND status = 'PENDING'",
        at,
        transfer,
      );
  });
}

/** Those that failed, or that nobody knows the end of, are due again. Returns how many. */
export function rerunIngests(db: Database, transfers: readonly TransferId[], at: WallMs): number {
  return db.transaction(() =>
    transfers.reduce(
      (sum, transfer) =>
        sum +
        db.run(
          "UPDATE ingest SET status = 'RERUN', message = NULL, changed_at = ? WHERE transfer = ? AND status IN ('FAILURE', 'UNKNOWN')",
          at,
          transfer,
        ),
      0,
    ),
  );
}

export type IngestCounts = Record<IngestStatus, number>;

export function countIngests(db: Database, flow: FlowId): IngestCounts {
  const rows = db.all<{ status: string; files: number }>("SELECT status, files FROM ingest_tally WHERE flow = ?", flow);
  return Object.fromEntries(
    ingestStatuses.map((status) => [status, rows.find((row) => row.status === status)?.files ?? 0]),
  ) as IngestCounts;
}

/** All that failed, or that nobody knows the end of. */
export function troubledIngests(db: Database, flow: FlowId): TransferId[] {
  return [...withStatus(db, flow, "FAILURE", -1), ...withStatus(db, flow, "UNKNOWN", -1)];
}

export function troubledIngestsAt(db: Database, flow: FlowId, path: RelPath): TransferId[] {
  return db
    .all<{ transfer: number }>(
      "SELECT i.transfer FROM transfer t JOIN ingest i ON i.transfer = t.id WHERE t.flow = ? AND t.path = ? AND i.status IN ('FAILURE', 'UNKNOWN')",
      flow,
      pathCell(path),
    )
    .map(({ transfer }) => transfer);
}

export type IngestStory = { status: IngestStatus; changedAtMs: WallMs; message: string | null; attempts: IngestAttempt[] };
export type IngestAttempt = { startedAtMs: WallMs; endedAtMs: WallMs; status: string; message: string | null };

const ATTEMPTS_MAX = 20;

/** null: it is not to be ingested. */
export function ingestOf(db: Database, transfer: TransferId): IngestStory | null {
  const row = db.get<Row & { status: string; changed_at: number; message: string | null }>(
    "SELECT status, changed_at, message FROM ingest WHERE transfer = ?",
    transfer,
  );
  if (row === undefined) return null;
  const status = ingestStatuses.find((known) => known === row.status);
  assert(status !== undefined, "the ledger's CHECK knows the statuses");
  const attempts = db
    .all<Row & { started_at: number; ended_at: number; status: string; message: string | null }>(
      "SELECT started_at, ended_at, status, message FROM ingest_attempt WHERE transfer = ? ORDER BY id DESC LIMIT ?",
      transfer,
      ATTEMPTS_MAX,
    )
    .reverse()
    .map((one) => ({ startedAtMs: one.started_at, endedAtMs: one.ended_at, status: one.status, message: one.message }));
  return { status, changedAtMs: row.changed_at, message: row.message, attempts };
}
