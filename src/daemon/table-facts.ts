import type { Database } from "../flow/ledger/database.ts";
import type { FlowId } from "../flow/ledger/flows.ts";
import { followedRow, rowOfTransfer } from "../flow/ledger/table-rows.ts";
import { type ArchiveFacts, archiveFacts } from "../flow/ledger/table-source.ts";
import type { FlowSettings, TableSource } from "../flow/settings.ts";
import { rowNow } from "../flow/table/rows-now.ts";
import type { TableRow } from "../flow/table/row.ts";
import type { TransferId } from "../flow/transfer.ts";
import type { AbsPath, RelPath } from "../kernel/path.ts";
import type { LiveTable } from "./control-protocol.ts";

/** How it stands with the table that a flow follows. */
export type TableFacts = {
  database: AbsPath;
  name: string;
  where: TableSource["where"];
  /** null: the flow does not run. `waiting`: it cannot be used now. */
  state: "ready" | "waiting" | null;
  reason: string | null;
  /** null: it was never read. */
  archive: Archive | null;
  counts: LiveTable["counts"] | null;
};

/** `finalizedUntilS` null: nothing is known to wait, and nobody knows what was registered since. */
export type Archive = Omit<ArchiveFacts, "finalizedUntilS" | "waitsFor"> & {
  finalizedUntilS: number | null;
  waitsFor: { row: number; path: RelPath | null; state: string | null } | null;
};

export function tableFacts(
  settings: FlowSettings,
  { db, id, live }: { db: Database | null; id: FlowId | null; live: LiveTable | null },
): TableFacts | null {
  const { source } = settings;
  if (source.kind !== "table") return null;
  const { database, table: name, where } = source;
  const state = live === null ? null : live.reason === null ? "ready" : "waiting";
  const archive = db === null || id === null ? null : archiveOf(db, id, live?.readAtMs ?? null);
  return { database, name, where, state, reason: live?.reason ?? null, archive, counts: live?.counts ?? null };
}

/** All that was registered by then is known. */
function archiveOf(db: Database, id: FlowId, readAtMs: number | null): Archive | null {
  const facts = archiveFacts(db, id, (readAtMs ?? 0) / 1000);
  if (facts === null) return null;
  const { finalizedUntilS, waitsFor, ...rest } = facts;
  const row = waitsFor === null ? null : followedRow(db, id, waitsFor);
  return {
    ...rest,
    finalizedUntilS: waitsFor === null && readAtMs === null ? null : finalizedUntilS,
    waitsFor: row === null ? null : { row: row.row, path: row.path, state: row.state },
  };
}

/** The row that a transfer follows, and what it says now. */
export type FollowedFacts = {
  table: string;
  database: AbsPath;
  row: number;
  /** null: it is not there any more, or cannot be read. */
  now: TableRow | null;
  trouble: string | null;
  /** An outcome is still to be written into it. */
  owed: boolean;
};

export function followedFacts(settings: FlowSettings, db: Database | null, transfer: TransferId | undefined): FollowedFacts | null {
  const { source } = settings;
  const row = source.kind !== "table" || db === null || transfer === undefined ? null : rowOfTransfer(db, transfer);
  if (row === null || source.kind !== "table") return null;
  const found = rowNow(source, row.row);
  return {
    table: source.table,
    database: source.database,
    row: row.row,
    now: "rows" in found ? (found.rows[0] ?? null) : null,
    trouble: "trouble" in found ? found.trouble : null,
    owed: row.owed > 0,
  };
}
