import type { DatabaseSync } from "node:sqlite";

/** All of it or nothing. The right to write is asked for first, so that nothing is done on what another writer changes before the commit. */
export function transact<T>(sqlite: DatabaseSync, work: () => T): T {
  sqlite.exec("BEGIN IMMEDIATE");
  try {
    const result = work();
    sqlite.exec("COMMIT");
    return result;
  } catch (error) {
    // Some faults have ended it already.
    if (sqlite.isTransaction) sqlite.exec("ROLLBACK");
    throw error;
  }
}
