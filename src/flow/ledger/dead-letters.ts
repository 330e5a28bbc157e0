import type { WallMs } from "../../kernel/clock.ts";
import type { RelPath } from "../../kernel/path.ts";
import type { TransferId } from "../transfer.ts";
import type { Database, Row } from "./database.ts";
import type { FlowId } from "./flows.ts";
import { pathCell, pathFrom } from "./rows.ts";

/** A transfer that is not tried again until a person says so. */
export type DeadLetter = {
  id: TransferId;
  flow: string;
  kind: string;
  path: RelPath;
  sizeBytes: number | null;
  code: string;
  reason: string;
  attempts: number;
  failures: number;
  seenAtMs: WallMs;
  deadAtMs: WallMs;
};

const DEAD =
  "SELECT id, kind, path, size, code, reason, attempt, failures, seen_at, ended_at FROM transfer WHERE flow = ? AND state = 'dead'";
type DeadRow = Row & {
  id: number;
  kind: string;
  path: Uint8Array;
  size: number | null;
  code: string;
  reason: string;
  attempt: number;
  failures: number;
  seen_at: number;
  ended_at: number;
};

/** The oldest first, row by row, for any number of them. */
export function* deadLetters(db: Database, flow: { id: FlowId; name: string }): Generator<DeadLetter> {
  for (const row of db.each<DeadRow>(`${DEAD} ORDER BY id`, flow.id)) yield letterFrom(row, flow.name);
}

/** The newest first, a screen at a time: those before `before`. */
export function newestDeadLetters(
  db: Database,
  flow: { id: FlowId; name: string },
  before: TransferId | null,
  limit: number,
): DeadLetter[] {
  return db
    .all<DeadRow>(`${DEAD} AND id < ? ORDER BY id DESC LIMIT ?`, flow.id, before ?? Number.MAX_SAFE_INTEGER, limit)
    .map((row) => letterFrom(row, flow.name));
}

/** The dead letters of one path: usually one. */
export function deadLettersAt(db: Database, flow: { id: FlowId; name: string }, path: RelPath): DeadLetter[] {
  return db
    .all<DeadRow>(
      `${DEAD.replace("FROM transfer", "FROM transfer INDEXED BY transfer_path")} AND path = ? ORDER BY id`,
      flow.id,
      pathCell(path),
    )
    .map((row) => letterFrom(row, flow.name));
}

/** What the messages name that dead letters came by. */
export function deadMessagePaths(db: Database, flow: FlowId): Set<RelPath> {
  const rows = db.all<Row & { rel_path: Uint8Array }>(
    "SELECT m.rel_path FROM transfer t JOIN message m ON m.transfer = t.id WHERE t.flow = ? AND t.state = 'dead'",
    flow,
  );
  return new Set(rows.map((row) => pathFrom(row.rel_path)));
}

function letterFrom(row: DeadRow, flow: string): DeadLetter {
  return {
    id: row.id,
    flow,
    kind: row.kind,
    path: pathFrom(row.path),
    sizeBytes: row.size,
    code: row.code,
    reason: row.reason,
    attempts: row.attempt,
    failures: row.failures,
    seenAtMs: row.seen_at,
    deadAtMs: row.ended_at,
  };
}
