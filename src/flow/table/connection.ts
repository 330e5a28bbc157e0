import { statSync } from "node:fs";
import { DatabaseSync } from "node:sqlite";
import { pathToFileURL } from "node:url";
import { errnoOf, messageOf } from "../../kernel/errors.ts";
import { fsPath, show, textOf } from "../../kernel/path.ts";
import type { TablePlace } from "./messages.ts";
import { namedColumns, quoteName } from "./sql.ts";

/** Others write in short transactions; who waits longer asks again later. */
const BUSY_MS = 1000;

/** SQLite's own numbers for what can be wrong with a file. */
const BUSY = 5;
const LOCKED = 6;
const reasons: Record<number, string> = {
  [BUSY]: "another program holds its lock",
  [LOCKED]: "another program holds its lock",
  8: "it cannot be written",
  10: "it cannot be read or written",
  11: "it is damaged",
  13: "its file system is full",
  14: "it cannot be opened",
  26: "it is no SQLite database",
};

/** The table cannot be used now. Its message is for people, and says what about it is wrong. */
export class TableError extends Error {
  readonly locked: boolean;

  constructor(message: string, { locked = false, cause }: { locked?: boolean; cause?: unknown } = {}) {
    super(message, { cause });
    this.locked = locked;
  }
}

export function tableErrorOf(error: unknown, { database }: TablePlace): TableError {
  if (error instanceof TableError) return error;
  const code = error instanceof Error && "errcode" in error ? Number(error.errcode) & 0xff : 0;
  const says = reasons[code];
  const detail = messageOf(error);
  return new TableError(`${show(database)}: ${says === undefined ? detail : `${says} (${detail})`}`, {
    locked: code === BUSY || code === LOCKED,
    cause: error,
  });
}

export type Connection = { sqlite: DatabaseSync; file: string };

/** Which file a database is now. Throws `TableError` where there is none. */
export function fileOf({ database }: TablePlace): string {
  try {
    const stat = statSync(fsPath(database), { bigint: true });
    if (!stat.isFile()) throw new TableError(`${show(database)} is no file`);
    return `${stat.dev}:${stat.ino}`;
  } catch (error) {
    if (error instanceof TableError) throw error;
    const code = errnoOf(error);
    throw new TableError(`${show(database)} ${code === "ENOENT" ? "is not there" : `cannot be looked at (${code ?? messageOf(error)})`}`);
  }
}

/** Opens what is there, and makes nothing. Throws `TableError`, also where the table is not as it is said to be. */
export function connect(place: TablePlace): Connection {
  const file = fileOf(place);
  let sqlite: DatabaseSync | null = null;
  try {
    // Only as a URL can it be said that nothing is made.
    const url = pathToFileURL(textOf(place.database));
    url.searchParams.set("mode", "rw");
    sqlite = new DatabaseSync(url, { timeout: BUSY_MS });
    sqlite.exec("PRAGMA cache_size = -2048");
    checkSchema(sqlite, place);
    // It may have been replaced in between.
    if (fileOf(place) !== file) throw new TableError(`${show(place.database)} is being replaced`, { locked: true });
    return { sqlite, file };
  } catch (error) {
    if (sqlite?.isOpen === true) sqlite.close();
    throw tableErrorOf(error, place);
  }
}

function checkSchema(sqlite: DatabaseSync, place: TablePlace): void {
  const { database, table, columns } = place;
  const refuse = (fault: string): never => {
    throw new TableError(`${show(database)}: ${fault}`);
  };
  const encoding = sqlite.prepare("PRAGMA encoding").get()?.["encoding"];
  if (encoding !== "UTF-8") refuse(`its encoding is ${String(encoding)}, and paths are read as UTF-8`);
  const there = sqlite.prepare(`PRAGMA table_info(${quoteName(table)})`).all() as Array<{ name: string; type: string; pk: number }>;
  if (there.length === 0) refuse(`there is no table ${table}`);
  const named = new Map(there.map((column) => [column.name.toLowerCase(), column]));
  const missing = namedColumns(place).filter((name) => !named.has(name.toLowerCase()));
  if (missing.length > 0) refuse(`table ${table} has no column ${missing.join(", ")}`);
  const id = named.get(columns.id.toLowerCase());
  if (id?.pk !== 1 || id.type.toUpperCase() !== "INTEGER" || there.some(({ pk }) => pk > 1))
    refuse(`column ${columns.id} of table ${table} is not its INTEGER PRIMARY KEY`);
}
