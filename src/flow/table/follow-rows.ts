import type { Clock } from "../../kernel/clock.ts";
import type { Log } from "../../kernel/log.ts";
import { bytesOfText, type RelPath, relPath } from "../../kernel/path.ts";
import { rejection } from "../admit/filter.ts";
import * as admissions from "../ledger/admissions.ts";
import type { Database } from "../ledger/database.ts";
import type { FlowId } from "../ledger/flows.ts";
import { recordNamedFile } from "../ledger/named-files.ts";
import { REPLACED } from "../ledger/replaced.ts";
import { dropRetention, retainFrom } from "../ledger/retention.ts";
import * as paths from "../ledger/table-paths.ts";
import * as rows from "../ledger/table-rows.ts";
import { noteAdded, noteCopied } from "../ledger/table-source.ts";
import type { FlowSettings, TableSource } from "../settings.ts";
import type { Change, TransferId } from "../transfer.ts";
import type { Version } from "../version.ts";
import { NO_FINGERPRINT } from "./cells.ts";
import { decideRow, type RowDecision, stepOf } from "./decide.ts";
import type { Look, SeenRow } from "./messages.ts";
import { removalDueAt } from "./removal-due.ts";

export type FollowContext = { db: Database; flow: FlowId; settings: FlowSettings; source: TableSource; clock: Clock; log: Log };

type Followed = { queued: boolean; again: boolean };

/**
 * Rows that are new, or other than they were, become transfers; rows that are no more end theirs. In one transaction, so that a row is either known
 * as it was, or followed as it is. Whether something is in the queue that was not there before, and
 * whether rows have to be compared again.
 */
export function followRows(context: FollowContext, seen: readonly SeenRow[], missing: readonly number[]): Followed {
  const followed = { queued: false, again: false };
  context.db.transaction(() => {
    for (const row of missing) loseRow(context, row, followed);
    for (const row of seen) followRow(context, row, followed);
  });
  return followed;
}

/** What is being sent ends by itself, and its row is then not there to be told. */
function loseRow({ db, flow, clock, log }: FollowContext, row: number, followed: Followed): void {
  const known = rows.followedRow(db, flow, row);
  if (known === null) return;
  if (known.state === "sending") {
    followed.again = true;
    return;
  }
  if (known.transfer !== null) {
    admissions.supersede(db, known.transfer, `row ${row} is not in the table any more`, clock.wall());
    // The row was what said that its file may go.
    dropRetention(db, known.transfer);
  }
  rows.forgetRow(db, flow, row);
  letOlderFollow({ db, flow }, known.path, row, followed);
  log.debug(`row ${row} is not in the table any more`);
}

function followRow(context: FollowContext, row: SeenRow, followed: Followed): void {
  const { db, flow, settings, source } = context;
  const decision = decideRow(row, {
    attemptsMax: settings.retry.attemptsMax,
    removes: settings.retain.kind !== "keep",
    rejected: row.path === null ? null : rejection(row.path, source),
    look: row.look.kind,
    flow: settings.name,
  });
  const known = rows.followedRow(db, flow, row.row);
  if (known === null) {
    noteAdded(db, flow, row.registeredAtS, row.file);
    if (row.copiedAtS !== null) noteCopied(db, flow, row.copiedAtS, row.file);
  }
  if (known === null || known.transfer === null || known.state === null) {
    return begin(context, row, decision, followed, row.failures);
  }
  const same = known.registration === row.registration;
  const step = stepOf(row, decision, { ...known, state: known.state, same, owed: known.owed > 0 });
  // Whoever counts beside us is respected: what we counted since comes on top.
  const failures = known.failuresThere === null ? known.failures : Math.max(0, row.failures + known.failures - known.failuresThere);
  switch (step.do) {
    case "later":
      followed.again = true;
      return;
    case "keep":
      if (known.removable !== row.removable) retainAnew(context, known.transfer, row);
      if (known.verified !== row.verified || known.waits !== waits(row)) letOlderFollow(context, known.path, row.row, followed);
      return keep(context, row, { transfer: known.transfer, failures });
    case "recount":
      rows.recount(db, known.transfer, row.failures, context.clock.steady());
      followed.queued ||= step.revive;
      return keep(context, row, { transfer: known.transfer, failures: row.failures });
    case "end":
    case "begin": {
      const reason = "reason" in decision ? decision.reason : `row ${row.row} of the table names something else now`;
      admissions.supersede(db, known.transfer, reason, context.clock.wall());
      if (step.do === "begin") begin(context, row, adopting(decision, step.adopt), followed, same ? failures : row.failures);
      else keep(context, row, { transfer: known.transfer, failures: row.failures });
      // An older row with the same path may be the newest again.
      letOlderFollow(context, known.path, row.row, followed);
    }
  }
}

function letOlderFollow({ db, flow }: Pick<FollowContext, "db" | "flow">, path: RelPath | null, row: number, followed: Followed): void {
  if (path === null) return;
  for (const older of paths.olderRows(db, flow, path, row)) {
    rows.lookAgain(db, flow, older, NO_FINGERPRINT);
    followed.again = true;
  }
}

function waits({ verified, ignore }: SeenRow): boolean {
  return !verified && !ignore;
}

function adopting(decision: RowDecision, adopt: boolean): RowDecision {
  return decision.do === "send" ? { do: "send", adopt: decision.adopt || adopt } : decision;
}

/** Whether its file may go was said otherwise after its delivery. */
function retainAnew({ db, settings, clock }: FollowContext, transfer: TransferId, row: SeenRow): void {
  const at = row.removable ? removalDueAt(settings.retain, row.registeredAtS, clock) : null;
  if (at === null) dropRetention(db, transfer);
  else retainFrom(db, transfer, at);
}

function keep({ db, flow }: FollowContext, row: SeenRow, { transfer, failures }: { transfer: TransferId; failures: number }): void {
  rows.putRow(db, flow, {
    row: row.row,
    transfer,
    fingerprint: row.fingerprint,
    registration: row.registration,
    registeredAtS: row.registeredAtS,
    registered: row.digest?.hex ?? null,
    removable: row.removable,
    verified: row.verified,
    waits: waits(row),
    copied: row.copiedAtS !== null,
    failures,
    failuresThere: row.failures,
  });
}

/** Writes down what the row asks for. Of rows with the same path the newest counts, whoever delivers it (P7). */
function begin(context: FollowContext, row: SeenRow, decision: RowDecision, followed: Followed, failures: number): void {
  const { db, flow, clock } = context;
  const counts = row.path !== null && row.unusable === null && (decision.do === "send" || row.verified);
  const newer = counts ? paths.newerRow(db, flow, row.path!, row.row) : null;
  if (newer !== null && decision.do === "send") {
    const reason = `row ${newer.row} of the table has the same path, and is newer`;
    keep(context, row, { transfer: record(context, row, { do: "ignore", reason }, followed), failures });
    if (newer.isDone) rows.oweRow(db, flow, row.row);
    return;
  }
  if (counts && newer === null)
    for (const older of paths.openAt(db, flow, row.path!)) admissions.supersede(db, older, REPLACED, clock.wall());
  keep(context, row, { transfer: record(context, row, decision, followed), failures });
  // What others delivered is at the path now, and not what older rows name.
  if (row.verified && row.path !== null) for (const older of paths.olderRows(db, flow, row.path, row.row)) rows.oweRow(db, flow, older);
}

function record(context: FollowContext, row: SeenRow, decision: RowDecision, followed: Followed): TransferId {
  const { db, flow, clock, log } = context;
  const change = changeOf(row);
  if (decision.do === "ignore") return admissions.recordIgnored(db, flow, change, clock.wall(), decision.reason);
  if (decision.do === "bury") {
    log.warn(decision.reason);
    const id = admissions.recordDead(db, flow, change, clock.wall(), decision.code, decision.reason);
    admissions.recordFailures(db, id, row.failures);
    nameFile(context, id, row);
    return id;
  }
  const id = admissions.recordQueued(db, flow, change, { wall: clock.wall(), steady: clock.steady() }, decision.adopt);
  // What failed before others verified it says nothing of what fails here.
  if (!row.verified && row.failures > 0) admissions.recordFailures(db, id, row.failures);
  nameFile(context, id, row);
  followed.queued = true;
  return id;
}

function nameFile({ db, flow }: FollowContext, id: TransferId, { file, digest, unusable }: SeenRow): void {
  if (file !== null && unusable === null) recordNamedFile(db, flow, id, { path: file, digest });
}

/** A version that no file has. */
const UNSEEN: Version = { inode: "0:0", sizeBytes: 0, mtimeNs: 0n };

export function isUnseen(version: Version): boolean {
  return version.inode === UNSEEN.inode;
}

/** What cannot be followed has no path of its own, lest it stands in the way of what can. Hard links are sent as files: who else names them is not known. */
function changeOf(row: SeenRow): Change & { kind: "put" } {
  return putOf(pathOfRow(row), row.look);
}

/** What its transfer is called. */
export function pathOfRow({ row, path, unusable }: Pick<SeenRow, "row" | "path" | "unusable">): RelPath {
  return unusable === null && path !== null ? path : relPath(bytesOfText(`row ${row}`));
}

export function putOf(path: RelPath, look: Look): Change & { kind: "put" } {
  return look.kind === "file"
    ? { kind: "put", path, version: look.version, mode: look.mode, links: 1 }
    : { kind: "put", path, version: UNSEEN, mode: 0o644, links: 1 };
}
