import { DatabaseSync } from "node:sqlite";
import { type AbsPath, fsPath } from "../../kernel/path.ts";
import { quoted } from "./catalog.ts";

/** The tables of a catalog as SQLAlchemy makes them of the endpoint manager's declarations; those that are there stay as they are. */
export function makeCatalogTables(database: AbsPath, tables: { files: string; events: string | null }): void {
  const path = fsPath(database);
  const sqlite = new DatabaseSync(path, { timeout: 5000 });
  try {
    sqlite.exec(
      `CREATE TABLE IF NOT EXISTS ${quoted(tables.files)} (
        id INTEGER NOT NULL, relpath VARCHAR NOT NULL, filename VARCHAR NOT NULL, checksum VARCHAR NOT NULL, size_bytes INTEGER NOT NULL,
        added_on DATETIME NOT NULL, PRIMARY KEY (id), UNIQUE (filename), UNIQUE (checksum))`,
    );
    if (tables.events === null) return;
    sqlite.exec(
      `CREATE TABLE IF NOT EXISTS ${quoted(tables.events)} (
        files_id INTEGER NOT NULL, start_time DATETIME NOT NULL, duration DATETIME, status VARCHAR(8), ingest_ver VARCHAR, err_message TEXT,
        PRIMARY KEY (files_id, start_time), FOREIGN KEY(files_id) REFERENCES ${quoted(tables.files)} (id))`,
    );
  } finally {
    sqlite.close();
  }
}

/** What an event table must have to be one; null: it is one. */
export function whatEventsLack(sqlite: DatabaseSync, table: string): string | null {
  const columns = sqlite.prepare(`PRAGMA table_info(${quoted(table)})`).all() as Array<{ name: string }>;
  if (columns.length === 0) return `it has no table ${table}`;
  const missing = ["files_id", "start_time", "duration", "status", "ingest_ver", "err_message"].filter(
    (name) => !columns.some((column) => column.name === name),
  );
  return missing.length === 0 ? null : `its table ${table} lacks ${missing.join(", ")}`;
}
