import type { DatabaseSync } from "node:sqlite";
import type { SuprsyncDatabase } from "./database.ts";
import { FILES_TABLE } from "./schema.ts";

/**
 * The local paths that an archive has, in tables of this connection's own: a million of them do not belong into memory, and the table of
 * files has no index on them. How far they go stands there too, so that a transaction that is begun anew takes both back.
 */
export class KnownPaths {
  readonly #archive: string;

  private constructor(archive: string) {
    this.#archive = archive;
  }

  static async of(database: SuprsyncDatabase, archive: string): Promise<KnownPaths> {
    const known = new KnownPaths(archive);
    await database.read((db) => {
      db.exec(`CREATE TEMP TABLE IF NOT EXISTS known (path TEXT PRIMARY KEY) WITHOUT ROWID;
        CREATE TEMP TABLE IF NOT EXISTS known_until (id INTEGER);
        DELETE FROM temp.known_until; INSERT INTO temp.known_until VALUES (0)`);
      known.catchUp(db);
    });
    return known;
  }

  /** Takes in what was added since. */
  catchUp(db: DatabaseSync): void {
    // The last row first: what is added in between is taken in twice, and not left out.
    const last = db.prepare(`SELECT coalesce(max(id), 0) AS id FROM ${FILES_TABLE}`).get()?.["id"] ?? 0;
    db.prepare(
      `INSERT OR IGNORE INTO temp.known SELECT local_path FROM ${FILES_TABLE} WHERE id > (SELECT id FROM temp.known_until) AND archive_name = ?`,
    ).run(this.#archive);
    db.prepare("UPDATE temp.known_until SET id = ?").run(last);
  }

  has(db: DatabaseSync, path: string): boolean {
    return db.prepare("SELECT 1 FROM temp.known WHERE path = ?").get(path) !== undefined;
  }
}
