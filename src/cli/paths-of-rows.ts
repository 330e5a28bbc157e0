import type { Database } from "../flow/ledger/database.ts";
import { flowId } from "../flow/ledger/flows.ts";
import { pathsOfFile } from "../flow/ledger/table-paths.ts";
import { pathOfRow } from "../flow/table/follow-rows.ts";
import { rowsNaming } from "../flow/table/rows-now.ts";
import type { PathsNaming } from "./named-path.ts";

/** Where the rows of a table send a file: as the ledger knows them, and as the table has them now. */
export function pathsOfRows(db: Database | null): PathsNaming {
  return ({ name, source }, file) => {
    if (source.kind !== "table") return [];
    const id = db === null ? null : flowId(db, name);
    const known = db === null || id === null ? [] : pathsOfFile(db, id, file);
    const now = rowsNaming(source, file);
    const named = "rows" in now ? now.rows.map(pathOfRow) : [];
    return [...new Set([...known, ...named])];
  };
}
