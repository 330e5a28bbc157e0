import type { Database } from "./database.ts";
import type { SetId } from "./file-sets.ts";
import type { FlowId } from "./flows.ts";
import { type Manifest, manifestOf } from "./manifests.ts";

/** A set that the other database is to be told of. `manifest`: its file is to be registered; null: the set is whole, and not final yet. */
export type OwedSet = { set: SetId; timecode: number | null; manifest: Manifest | null };

/** No more files are expected in it. Whether that was not known before. */
export function noteWhole(db: Database, flow: FlowId, set: SetId): boolean {
  return db.run("INSERT INTO table_set (file_set, flow, stage, owed) VALUES (?, ?, 'whole', 1) ON CONFLICT DO NOTHING", set, flow) === 1;
}

/** Its manifest is to be registered, again where that is asked for again. */
export function noteFinal(db: Database, flow: FlowId, set: SetId): void {
  db.run(
    "INSERT INTO table_set (file_set, flow, stage, owed) VALUES (?, ?, 'final', 1) ON CONFLICT (file_set) DO UPDATE SET stage = 'final', owed = 1",
    set,
    flow,
  );
}

export function owedSets(db: Database, flow: FlowId, limit: number): OwedSet[] {
  return db
    .all<{ file_set: number; timecode: number | null; stage: string }>(
      "SELECT o.file_set, s.timecode, o.stage FROM table_set o JOIN file_set s ON s.id = o.file_set WHERE o.flow = ? AND o.owed = 1 ORDER BY o.file_set LIMIT ?",
      flow,
      limit,
    )
    .map((row) => ({ set: row.file_set, timecode: row.timecode, manifest: row.stage === "final" ? manifestOf(db, row.file_set) : null }));
}

export function anySetOwed(db: Database, flow: FlowId): boolean {
  return db.get("SELECT 1 FROM table_set WHERE flow = ? AND owed = 1 LIMIT 1", flow) !== undefined;
}

/** Unless it came further since. */
export function setTold(db: Database, { set, manifest }: Pick<OwedSet, "set" | "manifest">): void {
  db.run("UPDATE table_set SET owed = 0 WHERE file_set = ? AND stage = ?", set, manifest === null ? "whole" : "final");
}
