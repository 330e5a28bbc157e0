import type { DatabaseSync } from "node:sqlite";
import type { SuprsyncDatabase } from "./database.ts";
import { FILES_TABLE } from "./schema.ts";

/**
 * The local paths that an archive has, as of one moment: in a table of this connection's own, since a million of them do not belong into
 * memory, and the table of files has no index on them.
 */
export class KnownPaths {
  readonly #archive: string;
  readonly #lastId: number;

  private constructor(archive: string, lastId: number) {
    this.#archive = archive;
    this.#lastId = lastId;
  }

  static async of(database: SuprsyncDatabase, archive: string): Promise<KnownPaths> {
    return await database.read((db) => {
      db.exec("CREATE TEMP TABLE IF NOT EXISTS known (path TEXT PRIMARY KEY) WITHOUT ROWID");
      // Before the paths: whoever adds in between is found again by `has`.
      const last = db.prepare(`SELECT coalesce(max(id), 0) AS id FROM ${FILES_TABLE}`).get();
      db.prepare(`INSERT OR IGNORE INTO temp.known SELECT local_path FROM ${FILES_TABLE} WHERE archive_name = ?`).run(archive);
      return new KnownPaths(archive, Number(last?.["id"] ?? 0));
    });
  }

  /** Also what others added since. */
  has(db: DatabaseSync, path: string): boolean {
    if (db.prepare("SELECT 1 FROM temp.known WHERE path = ?").get(path) !== undefined) return true;
    const since = db.prepare(`SELECT 1 FROM ${FILES_TABLE} WHERE id > ? AND local_path = ? AND archive_name = ? LIMIT 1`);
    return since.get(this.#lastId, path, this.#archive) !== undefined;
  }
}
