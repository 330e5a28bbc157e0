import type { DatabaseSync, SQLInputValue } from "node:sqlite";
import { fingerprintOf, NO_FINGERPRINT, type RowCells } from "./cells.ts";
import type { RowWrite, TablePlace, WriteEnd } from "./messages.ts";
import { readRow, type TableRow } from "./row.ts";
import { quoteName } from "./sql.ts";

/** What a row is to say, by the names of `TableColumns`; `recounted`: somebody else set its count, and that is told first. */
export type RowChanges =
  | { kind: "changes"; values: Partial<Record<"found" | "deliveredAt" | "removedAt" | "failures" | "ignore", SQLInputValue>> }
  | { kind: "other" | "recounted" };

/**
 * What has to be written into a row as it is now. What it says already is not written again, so that a kill after a write changes nothing; nor is
 * anything written over what somebody else has said meanwhile. Pure.
 */
export function changesOf(now: TableRow, write: RowWrite): RowChanges {
  if (now.registration !== write.registration) return { kind: "other" };
  const { there, told, now: count } = write.failures;
  if (count === there) return changed(now, write, false);
  const isOurs = now.failures === there || now.failures === told;
  return isOurs ? changed(now, write, now.failures !== count) : { kind: "recounted" };
}

function changed(now: TableRow, { delivered, failures, removedAtS, ignore }: RowWrite, counts: boolean): RowChanges {
  // As the row writes its own sum, so that whoever compares them as text finds them equal.
  const same = delivered !== null && now.digest?.hex === delivered.hex;
  return {
    kind: "changes",
    values: {
      ...(delivered === null || now.verified ? {} : { found: same ? now.registered : delivered.hex, deliveredAt: delivered.atS }),
      ...(removedAtS === null || now.removedAtS !== null ? {} : { removedAt: removedAtS }),
      ...(counts ? { failures: failures.now } : {}),
      ...(ignore && !now.verified && !now.ignore ? { ignore: 1 } : {}),
    },
  };
}

/** Within the transaction of many. */
export function writeRow(sqlite: DatabaseSync, place: TablePlace, write: RowWrite, read: (row: number) => RowCells | null): WriteEnd {
  const cells = read(write.row);
  if (cells === null)
    return { row: write.row, kind: "gone", fingerprint: NO_FINGERPRINT, failures: 0, verified: false, waits: true, copiedAtS: null };
  const changes = changesOf(readRow(cells, place, 0), write);
  const isKnown = fingerprintOf(cells) === write.fingerprint;
  if (changes.kind !== "changes") return endOf(cells, place, { kind: changes.kind, isKnown: false });
  // What the table has no column for is known to our own ledger alone.
  const set = Object.entries(changes.values).flatMap(([name, value]) => {
    const column = place.columns[name as keyof typeof changes.values];
    return column === null ? [] : [{ column, value }];
  });
  if (set.length === 0) return endOf(cells, place, { kind: "written", isKnown });
  const { table, columns } = place;
  sqlite
    .prepare(
      `UPDATE ${quoteName(table)} SET ${set.map(({ column }) => `${quoteName(column)} = ?`).join(", ")} WHERE ${quoteName(columns.id)} = ?`,
    )
    .run(...set.map(({ value }) => value), write.row);
  return endOf(read(write.row) ?? cells, place, { kind: "written", isKnown });
}

function endOf(cells: RowCells, place: TablePlace, { kind, isKnown }: { kind: WriteEnd["kind"]; isKnown: boolean }): WriteEnd {
  const { row, fingerprint, failures, verified, ignore, copiedAtS } = readRow(cells, place, 0);
  return { row, kind, fingerprint: isKnown ? fingerprint : NO_FINGERPRINT, failures, verified, waits: !verified && !ignore, copiedAtS };
}
