import { createHash } from "node:crypto";
import { DatabaseSync, type SQLInputValue } from "node:sqlite";
import type { FlowSettings, TableColumns, TableSource } from "../../src/flow/settings.ts";
import { type AbsPath, bytesOfText } from "../../src/kernel/path.ts";
import { flowSettings } from "./ledger.ts";
import type { SuprsyncRow } from "./suprsync-producer.ts";

/** A table in the form of SupRsync, as another program has it open. */
export class ForeignTable implements Disposable {
  readonly file: string;
  readonly sqlite: DatabaseSync;

  constructor(file: string) {
    this.file = file;
    this.sqlite = new DatabaseSync(file, { timeout: 5000 });
    this.sqlite.exec(`PRAGMA journal_mode = WAL; PRAGMA synchronous = OFF;
      CREATE TABLE IF NOT EXISTS supersync_v0 (
        id INTEGER NOT NULL, local_path VARCHAR NOT NULL, local_md5sum VARCHAR NOT NULL, archive_name VARCHAR NOT NULL,
        remote_path VARCHAR NOT NULL, timestamp FLOAT NOT NULL, remote_md5sum VARCHAR, copied FLOAT, removed FLOAT,
        failed_copy_attempts INTEGER, deletable BOOLEAN, "ignore" BOOLEAN, PRIMARY KEY (id))`);
  }

  add(row: Cells & { local_path: SQLInputValue; remote_path: SQLInputValue }): number {
    const whole = {
      local_md5sum: "0".repeat(32),
      archive_name: "data",
      timestamp: 1_700_000_000,
      failed_copy_attempts: 0,
      deletable: 1,
      ignore: 0,
      ...row,
    };
    const names = Object.keys(whole).map((name) => `"${name}"`);
    const added = this.sqlite
      .prepare(`INSERT INTO supersync_v0 (${names.join(", ")}) VALUES (${names.map(() => "?").join(", ")})`)
      .run(...Object.values(whole));
    return Number(added.lastInsertRowid);
  }

  set(id: number, values: Cells): void {
    const names = Object.keys(values).map((name) => `"${name}" = ?`);
    this.sqlite.prepare(`UPDATE supersync_v0 SET ${names.join(", ")} WHERE id = ?`).run(...Object.values(values), id);
  }

  remove(id: number): void {
    this.sqlite.prepare("DELETE FROM supersync_v0 WHERE id = ?").run(id);
  }

  row(id: number): ForeignRow {
    return this.rows().find((row) => row.id === id)!;
  }

  rows(): ForeignRow[] {
    return this.sqlite.prepare("SELECT * FROM supersync_v0 ORDER BY id").all() as unknown as ForeignRow[];
  }

  [Symbol.dispose](): void {
    this.sqlite.close();
  }
}

/** As it is usually read. */
export type ForeignRow = SuprsyncRow & { failed_copy_attempts: number; deletable: number; ignore: number };
/** Anything can be put into a column. */
type Cells = Partial<Record<keyof ForeignRow, SQLInputValue>>;

export const suprsyncColumns: TableColumns = {
  id: "id",
  file: "local_path",
  path: "remote_path",
  digest: "local_md5sum",
  found: "remote_md5sum",
  registeredAt: "timestamp",
  deliveredAt: "copied",
  removedAt: "removed",
  failures: "failed_copy_attempts",
  removable: "deletable",
  ignore: "ignore",
};

export function tableSource(file: string, changes: Partial<TableSource> = {}): TableSource {
  return {
    kind: "table",
    root: bytesOfText("/") as AbsPath,
    accept: [],
    reject: [],
    settle: { kind: "quiet", quietMs: 0 },
    rescanMs: 60_000,
    propagate: new Set(["put"] as const),
    database: bytesOfText(file) as AbsPath,
    table: "supersync_v0",
    columns: suprsyncColumns,
    where: [{ column: "archive_name", value: "data" }],
    algorithm: "md5",
    pollMs: 50,
    ...changes,
  };
}

export function tableSettings(source: TableSource, changes: Partial<Omit<FlowSettings, "source">> = {}): FlowSettings {
  const settings = flowSettings({ retry: { attemptsMax: 3, backoff: { minMs: 1, maxMs: 1 } }, ...changes });
  return { ...settings, source, destination: { ...settings.destination, verify: "md5" } };
}

export function md5(content: string | Buffer): string {
  return createHash("md5").update(content).digest("hex");
}
