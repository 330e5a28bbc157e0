import { never } from "../../kernel/errors.ts";
import { show } from "../../kernel/path.ts";
import type { WallMs } from "../../kernel/clock.ts";
import type { Digest } from "../digest.ts";
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
      if (state === "delivered" && path !== null) for (const older of rows.olderRows(db, flow, path, row)) rows.oweRow(db, flow, older);
    return { owed, writes: owed.map((row) => writeOf(row, newerOf({ db, flow }, row))) };
  });
}

/** A later row of the same path, where that is why this one was not sent. */
function newerOf({ db, flow }: Pick<FollowContext, "db" | "flow">, { state, path, row, waits }: rows.FollowedRow): rows.NewerRow | null {
  const overtaken = (state === "superseded" || state === "ignored") && waits && path !== null;
  return overtaken ? rows.newerRow(db, flow, path, row) : null;
}

/** Only what is proved: by the row's own receipt, or by that of a newer row whose content is at their path now. Pure. */
export function writeOf(row: rows.FollowedRow, newer: rows.NewerRow | null): RowWrite {
  const own = row.state === "delivered" ? receiptOf(row.found, row.endedAtMs) : null;
  const there = newer?.state === "delivered" ? receiptOf(newer.found, newer.endedAtMs) : null;
  const isSame = there !== null && there.hex === row.registered;
  return {
    row: row.row,
    registration: row.registration,
    delivered: own ?? (isSame ? there : null),
    failures: { there: row.failuresThere, now: row.failures },
    removedAtS: row.removedAtS,
    ignore: there !== null && !isSame,
  };
}

function receiptOf(found: Digest | null, endedAtMs: WallMs | null): RowWrite["delivered"] {
  return found === null || endedAtMs === null ? null : { hex: found.hex, atS: endedAtMs / 1000 };
}

/** What became of the writes. Rows that others changed meanwhile are compared anew. */
export function recordWritten({ db, flow, log }: FollowContext, { owed, writes }: OwedWrites, ends: readonly WriteEnd[]): void {
  db.transaction(() => {
    for (const [index, end] of ends.entries()) {
      const row = owed[index]!;
      const { ignore } = writes[index]!;
      const written = { row: row.row, owed: row.owed, waits: end.waits, copied: end.copiedAtS !== null, failuresThere: end.failures };
      switch (end.kind) {
        case "written":
          if (ignore && !end.waits && row.waits)
            log.warn(
              `row ${row.row}: set to be ignored: a newer row with the path ${row.path === null ? "" : show(row.path)} and another sum was delivered`,
            );
          if (end.copiedAtS !== null) noteCopied(db, flow, end.copiedAtS, row.file);
          rows.ackRow(db, flow, { ...written, fingerprint: end.fingerprint });
          break;
        case "recounted":
          rows.rebaseFailures(db, flow, row.row, end.failures);
          break;
        case "other":
          rows.ackRow(db, flow, { ...written, fingerprint: NO_FINGERPRINT, failuresThere: row.failuresThere });
          break;
        case "gone":
          rows.ackRow(db, flow, {
            ...written,
            fingerprint: NO_FINGERPRINT,
            waits: true,
            copied: row.copied,
            failuresThere: row.failuresThere,
          });
          break;
        default:
          never(end.kind);
      }
    }
  });
}
