import { existsSync } from "node:fs";
import { DatabaseSync } from "node:sqlite";
import { dropTables, makeTables, missingTables } from "../../flow/command/journal/tables.ts";
import { HotdirError, messageOf } from "../../kernel/errors.ts";
import { bytesOfText } from "../../kernel/path.ts";

/** Another process may hold it for a while. */
const BUSY_MS = 30_000;

/** Makes the tables of a journal, removes them, or sees to it that they are there. `made`: the command that makes them. */
export function journalTables(file: string, what: "initdb" | "dropdb" | "need", made = ""): void {
  if (what === "need" && !existsSync(file)) throw failed(file, `there is no database; '${made}' makes it`);
  try {
    const sqlite = new DatabaseSync(file, { timeout: BUSY_MS });
    try {
      if (what === "initdb") makeTables(sqlite);
      if (what === "dropdb") dropTables(sqlite);
      const missing = what === "need" ? missingTables(sqlite) : [];
      if (missing.length > 0) throw failed(file, `it has no table ${missing.join(", ")}; '${made}' makes what is missing`);
    } finally {
      sqlite.close();
    }
  } catch (error) {
    throw error instanceof HotdirError ? error : failed(file, messageOf(error));
  }
}

function failed(file: string, detail: string): HotdirError {
  return new HotdirError("bad-usage", { operation: "open the database", path: bytesOfText(file), detail });
}
