import type { DatabaseSync, SQLInputValue } from "node:sqlite";
import { fingerprintOf, NO_FINGERPRINT, type RowCells } from "./cells.ts";
import type { RowWrite, TablePlace, WriteEnd } from "./messages.ts";
import { readRow, type TableRow } from "./row.ts";
import { quoteName } from "./sql.ts";

type RowValues = Partial<Record<"found" | "deliveredAt" | "removedAt" | "failures" | "ignore", SQLInputValue>>;

/** What a row is to say, by the names of `TableColumns`; `kind` as of the end of the write. */
export type RowChanges = { kind: "written" | "other" | "recounted"; values: RowValues };

/**
 * What has to be written into a row as it is now. What it says already is not written again, so that a kill after a write changes nothing; nor is
 * anything written over what somebody else has said meanwhile, but for a count that a person set. Pure.
 */
export function changesOf(now: TableRow, write: RowWrite): RowChanges {
  const { there, told, now: count } = write.failures;
  const isOurs = there === null || now.failures === there || now.failures === told;
  const counted = isOurs && count !== there && now.failures !== count ? { failures: count } : {};
  if (now.registration !== write.registration) return { kind: "other", values: there === null ? counted : {} };
  if (!isOurs && count !== there) return { kind: "recounted", values: {} };
  return { kind: "written", values: { ...outcomeValues(now, write), ...counted } };
}

function outcomeValues(now: TableRow, { delivered, removedAtS, ignore }: RowWrite): RowValues {
  // As the row writes its own sum, so that whoever compares them as text finds them equal.
  const same = delivered !== null && now.digest?.hex === delivered.hex;
  return {
    ...(delivered === null || now.verified ? {} : { found: same ? now.registered : delivered.hex, deliveredAt: delivered.atS }),
    ...(removedAtS === null || now.removedAtS !== null ? {} : { removedAt: removedAtS }),
    ...(ignore && !now.verified && !now.ignore ? { ignore: 1 } : {}),
  };
}

/** Within the transaction of many. */
export function writeRow(sqlite: DatabaseSync, place: TablePlace, write: RowWrite, read: (row: number) => RowCells | null): WriteEnd {
  const { row } = write;
  const cells = read(row);
  if (cells === null) return { row, kind: "gone", fingerprint: NO_FINGERPRINT, failures: 0, verified: false, waits: true, copiedAtS: null };
  const { kind, values } = changesOf(readRow(cells, place, 0), write);
  const isKnown = kind === "written" && fingerprintOf(cells) === write.fingerprint;
  // What the table has no column for is known to our own ledger alone.
  const set = Object.entries(values).flatMap(([name, value]) => {
    const column = place.columns[name as keyof RowValues];
    return column === null ? [] : [{ column, value }];
  });
  if (set.length === 0) return endOf(cells, place, { kind, isKnown });
  const { table, columns } = place;
  const assigned = set.map(({ column }) => `${quoteName(column)} = ?`).join(", ");
  sqlite
    .prepare(`UPDATE ${quoteName(table)} SET ${assigned} WHERE ${quoteName(columns.id)} = ?`)
    .run(...set.map(({ value }) => value), row);
  return endOf(read(row) ?? cells, place, { kind, isKnown });
}

function endOf(cells: RowCells, place: TablePlace, { kind, isKnown }: { kind: WriteEnd["kind"]; isKnown: boolean }): WriteEnd {
  const { row, fingerprint, failures, verified, ignore, copiedAtS } = readRow(cells, place, 0);
  return { row, kind, fingerprint: isKnown ? fingerprint : NO_FINGERPRINT, failures, verified, waits: !verified && !ignore, copiedAtS };
}
