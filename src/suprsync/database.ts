import { existsSync, mkdirSync, statSync } from "node:fs";
import { dirname, resolve } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { setTimeout as sleep } from "node:timers/promises";
import { HotdirError, messageOf } from "../kernel/errors.ts";
import { bytesOfText } from "../kernel/path.ts";
import { transact } from "../kernel/transact.ts";
import { tables } from "./schema.ts";

/** So long SQLite itself waits; in between this process hears signals. */
const ONE_WAIT_MS = 200;
/** After so long a person is told what is waited for. */
const SILENT_MS = 1000;
export const PATIENCE_MS = 60_000;
/** For who may make what is missing. */
const HOW_TO_MAKE = "; --create-db makes what is missing";

export type Waiting = {
  /** So long a locked database is waited for; Infinity: for ever. */
  patienceMs?: number;
  /** Told once when that takes more than a moment. */
  tell?: (line: string) => void;
  signal?: AbortSignal;
};

/** A database of SupRsync's. Each piece of work is one short transaction, begun anew while another program holds the lock. */
export class SuprsyncDatabase implements Disposable {
  readonly path: string;
  readonly #sqlite: DatabaseSync;
  readonly #waiting: Waiting;
  #told = false;

  private constructor(path: string, sqlite: DatabaseSync, waiting: Waiting) {
    this.path = path;
    this.#sqlite = sqlite;
    this.#waiting = waiting;
  }

  /** Throws `database-failed` where there is none, or it has no table of SupRsync's. */
  static async openForReading(path: string, waiting: Waiting = {}): Promise<SuprsyncDatabase> {
    const file = resolve(path);
    requireThere(file, "");
    using undo = new DisposableStack();
    const opened = undo.use(new SuprsyncDatabase(file, open(file, { readOnly: true }), waiting));
    await opened.read((db) => requireTables(db, file, ""));
    undo.move();
    return opened;
  }

  /** null: what --create-db would make is not there yet. */
  static async openIfMade(path: string, waiting: Waiting = {}): Promise<SuprsyncDatabase | null> {
    const file = resolve(path);
    if (!existsSync(file)) return null;
    using undo = new DisposableStack();
    const opened = undo.use(new SuprsyncDatabase(file, open(file, { readOnly: true }), waiting));
    if ((await opened.read(missingTables)).length > 0) return null;
    undo.move();
    return opened;
  }

  /** With `create` the file, the directories above it and both tables are made where they are missing. */
  static async openForWriting(path: string, options: Waiting & { create: boolean }): Promise<SuprsyncDatabase> {
    const file = resolve(path);
    if (options.create) makeDirectory(dirname(file));
    else requireThere(file, HOW_TO_MAKE);
    using undo = new DisposableStack();
    const opened = undo.use(new SuprsyncDatabase(file, open(file, { readOnly: false }), options));
    // Readers and one writer do not wait for one another then; the file keeps it.
    await opened.read((db) => db.exec("PRAGMA journal_mode = WAL"));
    if (options.create) await opened.write((db) => tables.forEach(({ sql }) => db.exec(sql)));
    else await opened.read((db) => requireTables(db, file, HOW_TO_MAKE));
    undo.move();
    return opened;
  }

  /** Not across a wait: what it gives is of one moment. */
  async read<T>(work: (db: DatabaseSync) => T): Promise<T> {
    return await this.#patiently(() => work(this.#sqlite));
  }

  /** All or nothing, durable when it resolves. */
  async write<T>(work: (db: DatabaseSync) => T): Promise<T> {
    return await this.#patiently(() => transact(this.#sqlite, () => work(this.#sqlite)));
  }

  async #patiently<T>(work: () => T): Promise<T> {
    const { patienceMs = PATIENCE_MS, tell, signal } = this.#waiting;
    const startMs = performance.now();
    for (;;) {
      signal?.throwIfAborted();
      try {
        return work();
      } catch (error) {
        if (error instanceof HotdirError) throw error;
        const waitedMs = performance.now() - startMs;
        if (!isBusy(error)) throw failed(this.path, messageOf(error), error);
        if (waitedMs >= patienceMs)
          throw failed(
            this.path,
            `another program has kept it locked for ${Math.round(waitedMs / 1000)} s; try again, or find it with 'fuser ${this.path}'`,
            error,
          );
        if (waitedMs >= SILENT_MS && !this.#told) {
          this.#told = true;
          tell?.(
            `another program has locked ${this.path}; waiting for it${patienceMs === Infinity ? "" : `, ${Math.round(patienceMs / 1000)} s at most`}`,
          );
        }
      }
      await sleep(10);
    }
  }

  [Symbol.dispose](): void {
    if (this.#sqlite.isOpen) this.#sqlite.close();
  }
}

function open(file: string, { readOnly }: { readOnly: boolean }): DatabaseSync {
  try {
    return new DatabaseSync(file, { readOnly, timeout: ONE_WAIT_MS });
  } catch (error) {
    throw failed(file, messageOf(error), error);
  }
}

function requireThere(file: string, hint: string): void {
  const found = statSync(file, { throwIfNoEntry: false });
  if (found?.isFile() === true) return;
  throw failed(file, found === undefined ? `there is no such file${hint}` : "this is no file");
}

function requireTables(db: DatabaseSync, file: string, hint: string): void {
  const missing = missingTables(db);
  if (missing.length > 0) throw failed(file, `it has no table ${missing.join(" and ")}${hint}`);
}

function missingTables(db: DatabaseSync): string[] {
  const there = new Set(
    db
      .prepare("SELECT name FROM sqlite_master WHERE type = 'table'")
      .all()
      .map((row) => row["name"]),
  );
  return tables.map(({ name }) => name).filter((name) => !there.has(name));
}

function makeDirectory(directory: string): void {
  if (existsSync(directory)) return;
  try {
    mkdirSync(directory, { recursive: true });
  } catch (error) {
    throw failed(directory, messageOf(error), error);
  }
}

function failed(path: string, detail: string, cause?: unknown): HotdirError {
  return new HotdirError("database-failed", { operation: "use", path: bytesOfText(path), detail, cause });
}

/** SQLITE_BUSY and SQLITE_LOCKED, in all their extended forms. */
function isBusy(error: unknown): boolean {
  const code = error instanceof Error && "errcode" in error ? Number(error.errcode) & 0xff : 0;
  return code === 5 || code === 6;
}
