import { resolve } from "node:path";
import type { Remarks } from "../remark.ts";
import type { Read, SectionReader } from "./section-reader.ts";

/** The file of an SQLite database, with its whole path, by SQLAlchemy's URL. null: there is none, or it is of another kind, which is an error. */
export function readEngine(database: SectionReader, remarks: Remarks, workingDirectory: string): Read<string> | null {
  for (const key of ["echo", "pool_type", "pool_class"]) {
    const node = database.node(key);
    if (node !== undefined && !(node.kind === "scalar" && node.value === false))
      remarks.note(database.lineOf(node), `database.${key} is of no meaning here: there is no pool of connections, and no SQL is logged`);
  }
  const engine = database.text("engine");
  database.noteRest();
  if (engine === null) return null;
  const [, path, query] = /^sqlite(?:\+pysqlite)?:\/\/\/([^?]*)(\?.*)?$/.exec(engine.value) ?? [];
  if (path === undefined || path === "" || path === ":memory:") {
    remarks.error(
      engine.at,
      `database.engine: only SQLite files are written, and ${withoutPassword(engine.value)} is none`,
      "sqlite:////absolute/path.db",
    );
    return null;
  }
  if (query !== undefined) remarks.note(engine.at, `database.engine: what follows the ? has no meaning here`);
  return { value: resolve(workingDirectory, path), at: engine.at };
}

function withoutPassword(url: string): string {
  return url.replace(/:\/\/[^@/]*@/, "://...@");
}
