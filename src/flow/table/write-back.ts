import { never } from "../../kernel/errors.ts";
import { show } from "../../kernel/path.ts";
import type { WallMs } from "../../kernel/clock.ts";
import type { Digest } from "../digest.ts";
import * as paths from "../ledger/table-paths.ts";
import * as rows from "../ledger/table-rows.ts";
import { noteCopied } from "../ledger/table-source.ts";
import { NO_FINGERPRINT } from "./cells.ts";
import type { FollowContext } from "./follow-rows.ts";
import type { RowWrite, WriteEnd } from "./messages.ts";

/** Rows that are written in one transaction: others wait for it. */
const WRITTEN_AT_ONCE = 200;

/** What is owed, and what is to be written for it. */
export type OwedWrites = { owed: rows.FollowedRow[]; writes: RowWrite[] };

/** The next rows that are to be told of outcomes. Older rows with the path of one that was delivered are to be told as well. */
export function owedWrites({ db, flow }: FollowContext): OwedWrites {
  return db.transaction(() => {
    const owed = rows.owedRows(db, flow, WRITTEN_AT_ONCE);
    for (const { state, path, row } of owed)
      if (state === "delivered" && path !== null) for (const older of paths.olderRows(db, flow, path, row)) rows.oweRow(db, flow, older);
    for (const { row, failures, failuresThere } of owed) if (failures !== failuresThere) rows.tellFailures(db, flow, row, failures);
    return { owed, writes: owed.map((row) => writeOf(row, newerOf({ db, flow }, row))) };
  });
}

/** A later row of the same path, where that is why this one was not sent. */
function newerOf({ db, flow }: Pick<FollowContext, "db" | "flow">, { state, path, row, waits }: rows.FollowedRow): paths.NewerRow | null {
  const overtaken = (state === "superseded" || state === "ignored") && waits && path !== null;
  return overtaken ? paths.newerRow(db, flow, path, row) : null;
}

/** Only what is proved: by the row's own receipt, or by that of a newer row whose content is at their path now. Pure. */
function writeOf(row: rows.FollowedRow, newer: paths.NewerRow | null): RowWrite {
  const own = row.state === "delivered" ? receiptOf(row.found, row.endedAtMs) : null;
  const there = newer === null ? null : receiptOf(newer.found, newer.endedAtMs);
  const isSame = there !== null && there.hex === row.registered;
  return {
    row: row.row,
    registration: row.registration,
    // It gave way to something that has gone since: nothing is newer, so it is looked at again.
    fingerprint: row.state === "superseded" && row.waits && newer === null ? NO_FINGERPRINT : row.fingerprint,
    delivered: own ?? (isSame ? there : null),
    failures: { there: row.failuresThere, told: row.failuresTold, now: row.failuresTold ?? row.failures },
    removedAtS: row.removedAtS,
    ignore: newer?.isDone === true && !isSame,
  };
}

function receiptOf(found: Digest | null, endedAtMs: WallMs | null): RowWrite["delivered"] {
  return found === null || endedAtMs === null ? null : { hex: found.hex, atS: endedAtMs / 1000 };
}

/** What became of the writes. Whether rows have to be compared anew, since others changed them meanwhile. */
export function recordWritten({ db, flow, log }: FollowContext, { owed, writes }: OwedWrites, ends: readonly WriteEnd[]): boolean {
  db.transaction(() => {
    for (const [index, end] of ends.entries()) {
      const row = owed[index]!;
      const { fingerprint, copiedAtS } = end;
      // What others changed is known once it is followed, and what that means with it.
      const { verified, waits } = fingerprint === NO_FINGERPRINT ? row : end;
      const written = { row: row.row, owed: row.owed, fingerprint, verified, waits };
      switch (end.kind) {
        case "written":
          if (writes[index]!.ignore && !end.waits && row.waits) log.warn(saysIgnored(row));
          if (copiedAtS !== null) noteCopied(db, flow, copiedAtS, row.file);
          rows.ackRow(db, flow, {
            ...written,
            copied: copiedAtS !== null,
            failures: { wanted: writes[index]!.failures.now, there: end.failures },
          });
          break;
        case "recounted":
          // Somebody else counted, or set the count.
          rows.recountRow(db, flow, row.row, { wanted: row.failuresThere ?? row.failures, there: end.failures });
          break;
        case "other":
        case "gone":
          rows.ackRow(db, flow, { ...written, copied: row.copied, failures: null });
          break;
        default:
          never(end.kind);
      }
    }
  });
  return ends.some(({ fingerprint }) => fingerprint === NO_FINGERPRINT);
}

function saysIgnored({ row, path }: rows.FollowedRow): string {
  return `row ${row}: set to be ignored, since a newer row with the path ${path === null ? "" : show(path)} and another sum is done`;
}
