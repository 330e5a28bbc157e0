import { mkdirSync } from "node:fs";
import { dirname, join } from "node:path";
import { DatabaseSync, type SQLInputValue, type StatementSync } from "node:sqlite";
import { HotdirError, messageOf } from "../../kernel/errors.ts";
import { bytesOfText } from "../../kernel/path.ts";
import { fsTypeOf } from "../../kernel/native.ts";
import { transact } from "../../kernel/transact.ts";
import { otherwiseMade } from "./own-schema.ts";
import { migrations, SCHEMA_VERSION } from "./schema.ts";

/** A value as `node:sqlite` gives it. */
export type Cell = null | number | bigint | string | Uint8Array;
export type Row = Record<string, Cell>;

/**
 * The open ledger file: prepared statements by their text, and transactions. One process writes
 * (`daemon/owner.ts` holds the lock); any may read.
 */
export class Database implements Disposable {
  readonly #sqlite: DatabaseSync;
  readonly #statements = new Map<string, StatementSync>();
  #depth = 0;

  constructor(sqlite: DatabaseSync) {
    this.#sqlite = sqlite;
  }

  /** The state directory. */
  get directory(): string {
    return dirname(this.#sqlite.location() ?? "/");
  }

  #prepare(sql: string): StatementSync {
    let statement = this.#statements.get(sql);
    if (statement === undefined) this.#statements.set(sql, (statement = this.#sqlite.prepare(sql)));
    return statement;
  }

  /** The number of rows that the statement changed. */
  run(sql: string, ...values: SQLInputValue[]): number {
    return Number(this.#prepare(sql).run(...values).changes);
  }

  /** Runs an INSERT; the new row's id. */
  insert(sql: string, ...values: SQLInputValue[]): number {
    return Number(this.#prepare(sql).run(...values).lastInsertRowid);
  }

  get<T extends Row>(sql: string, ...values: SQLInputValue[]): T | undefined {
    return this.#prepare(sql).get(...values) as T | undefined;
  }

  all<T extends Row>(sql: string, ...values: SQLInputValue[]): T[] {
    return this.#prepare(sql).all(...values) as T[];
  }

  /** Row by row, for answers of any length. The statement is its own, so that others may run in between. */
  *each<T extends Row>(sql: string, ...values: SQLInputValue[]): Generator<T> {
    yield* this.#sqlite.prepare(sql).iterate(...values) as IterableIterator<T>;
  }

  /** All or nothing, durable when it returns. Nested calls join the outer one. Never across an await. */
  transaction<T>(work: () => T): T {
    if (this.#depth > 0) return work();
    return transact(this.#sqlite, () => {
      this.#depth++;
      try {
        return work();
      } finally {
        this.#depth--;
      }
    });
  }

  [Symbol.dispose](): void {
    if (this.#sqlite.isOpen) this.#sqlite.close();
  }
}

export function ledgerFile(stateDirectory: string): string {
  return join(stateDirectory, "ledger.sqlite");
}

/** Opens for writing; makes or migrates the file. Throws `state-newer`, `state-other`, `state-on-network`, `state-failed`. */
export function openForWriting(stateDirectory: string): Database {
  const file = ledgerFile(stateDirectory);
  try {
    mkdirSync(stateDirectory, { recursive: true, mode: 0o700 });
    refuseNetwork(stateDirectory);
    // The timeout: backups and shells that look at the ledger hold its lock for seconds; a daemon does not end for that.
    const sqlite = new DatabaseSync(file, { timeout: 30_000, enableForeignKeyConstraints: true });
    sqlite.exec(
      "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA cache_size = -8192; PRAGMA wal_autocheckpoint = 4000; PRAGMA journal_size_limit = 67108864;",
    );
    migrate(sqlite, file);
    return new Database(sqlite);
  } catch (error) {
    throw error instanceof HotdirError
      ? error
      : new HotdirError("state-failed", { operation: "open the ledger", path: bytesOfText(file), detail: messageOf(error), cause: error });
  }
}

/** Opens for reading beside a daemon, or without one. null: there is no ledger yet. */
export function openForReading(stateDirectory: string): Database | null {
  const file = ledgerFile(stateDirectory);
  let sqlite: DatabaseSync;
  try {
    sqlite = new DatabaseSync(file, { readOnly: true, timeout: 5000 });
    sqlite.prepare("SELECT 1 FROM sqlite_schema LIMIT 1").get();
  } catch (error) {
    if (/unable to open/.test(messageOf(error))) return null;
    throw new HotdirError("state-failed", {
      operation: "read the ledger",
      path: bytesOfText(file),
      detail: messageOf(error),
      cause: error,
    });
  }
  const version = schemaVersion(sqlite);
  if (version === 0) return null;
  if (version !== SCHEMA_VERSION) throw versionError(version, file);
  refuseOtherwiseMade(sqlite, file);
  return new Database(sqlite);
}

function schemaVersion(sqlite: DatabaseSync): number {
  return (sqlite.prepare("PRAGMA user_version").get() as { user_version: number }).user_version;
}

function migrate(sqlite: DatabaseSync, file: string): void {
  const version = schemaVersion(sqlite);
  if (version > SCHEMA_VERSION) throw versionError(version, file);
  if (version === SCHEMA_VERSION) return refuseOtherwiseMade(sqlite, file);
  transact(sqlite, () => {
    for (const migration of migrations.slice(version)) sqlite.exec(migration);
    sqlite.exec(`PRAGMA user_version = ${SCHEMA_VERSION}`);
  });
}

function versionError(version: number, file: string): HotdirError {
  return new HotdirError("state-newer", {
    operation: "open the ledger",
    path: bytesOfText(file),
    detail: `schema ${version}, this program knows ${SCHEMA_VERSION}; use the hotdir that wrote it`,
  });
}

/** Before anything is read or written: not in the middle of it. */
function refuseOtherwiseMade(sqlite: DatabaseSync, file: string): void {
  const other = otherwiseMade(sqlite);
  if (other === null) return;
  sqlite.close();
  throw new HotdirError("state-other", {
    operation: "open the ledger",
    path: bytesOfText(file),
    detail: `its ${other} is not that of this program; use the hotdir that wrote it, or move the directory away: then all is looked at anew, and what is at the destination already is found there`,
  });
}

/** SQLite's locks and WAL do not work over network file systems: a ledger there would be lost quietly. */
function refuseNetwork(directory: string): void {
  const type = fsTypeOf(bytesOfText(directory));
  if (type.network) {
    throw new HotdirError("state-on-network", {
      operation: "open the ledger",
      path: bytesOfText(directory),
      detail: `${type.name}; name a local directory with --state-dir or HOTDIR_STATE_DIR`,
    });
  }
}
