import type { TableFacts } from "../table-facts.ts";
import type { Definitions } from "./definitions.ts";

/** Flows that a reload took away leave nothing behind. */
export function resetTable({ tableUp, tableRows, tableFinal, tableEvents }: Definitions): void {
  for (const metric of [tableUp, tableRows, tableFinal, tableEvents]) metric.reset();
}

/** How it stands with the table that a flow follows. */
export function tellTable(defined: Definitions, flow: string, { state, archive, counts }: TableFacts): void {
  defined.tableUp.set({ flow }, state === "ready" ? 1 : 0);
  if (archive !== null) {
    const parts = { all: archive.rows, uncopied: archive.uncopied, owed: archive.owed };
    for (const [part, rows] of Object.entries(parts)) defined.tableRows.set({ flow, part }, rows);
    if (archive.finalizedUntilS !== null) defined.tableFinal.set({ flow }, archive.finalizedUntilS);
  }
  if (counts === null) return;
  const { iterations, copies, errorsTimeout, errorsNonzero, errorsSqlite } = counts;
  const events = { iterations, copies, errors_timeout: errorsTimeout, errors_nonzero: errorsNonzero, errors_sqlite: errorsSqlite };
  for (const [event, count] of Object.entries(events)) defined.tableEvents.inc({ flow, event }, count);
}
