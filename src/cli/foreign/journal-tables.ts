import { existsSync } from "node:fs";
import { DatabaseSync } from "node:sqlite";
import { dropTables, isLocked, makeTables, missingTables } from "../../flow/command/journal/tables.ts";
import { HotdirError, messageOf } from "../../kernel/errors.ts";
import { bytesOfText } from "../../kernel/path.ts";

/** Another process may hold it for a while. */
const BUSY_MS = 30_000;

/** Makes the tables of a journal, or removes them. */
export function changeTables(file: string, what: "initdb" | "dropdb"): void {
  if (what === "dropdb" && !existsSync(file)) throw failed(file, "there is no database");
  try {
    using sqlite = new DatabaseSync(file, { timeout: BUSY_MS });
    (what === "initdb" ? makeTables : dropTables)(sqlite);
  } catch (error) {
    throw failed(file, messageOf(error));
  }
}

/** Refuses a database that is not there, or lacks a table. One that another process has locked is waited for later. `made`: the command that makes them. */
export function needTables(file: string, made: string): void {
  if (!existsSync(file)) throw failed(file, `there is no database; '${made}' makes it`);
  let missing: string[] = [];
  try {
    using sqlite = new DatabaseSync(file, { timeout: 0 });
    missing = missingTables(sqlite);
  } catch (error) {
    if (!isLocked(error)) throw failed(file, messageOf(error));
  }
  if (missing.length > 0) throw failed(file, `it has no table ${missing.join(", ")}; '${made}' makes what is missing`);
}

function failed(file: string, detail: string): HotdirError {
  return new HotdirError("bad-usage", { operation: "open the database", path: bytesOfText(file), detail });
}
