import type { SteadyMs, WallMs } from "../../kernel/clock.ts";
import { ancestorsOf, type RelPath } from "../../kernel/path.ts";
import type { Digest } from "../digest.ts";
import type { Change, TransferId } from "../transfer.ts";
import type { Version } from "../version.ts";
import { isOwedAnnouncement } from "./announcements.ts";
import { owedRowOf } from "./catalog-owed.ts";
import { type BatchStory, batchesOf } from "./batches.ts";
import type { Database, Row } from "./database.ts";
import type { FlowId } from "./flows.ts";
import { type IngestStory, ingestOf } from "./ingests.ts";
import { CHANGE_COLUMNS, type ChangeRow, changeFrom, pathCell, versionFrom } from "./rows.ts";
import { digestFrom } from "./segments.ts";
import type { StateName } from "./states.ts";

/** One transfer with all that the ledger knows of it. */
export type TransferStory = {
  id: TransferId;
  change: Change;
  version: Version | null;
  state: StateName;
  seenAtMs: WallMs;
  dueAt: SteadyMs | null;
  endedAtMs: WallMs | null;
  attempts: number;
  failures: number;
  code: string | null;
  reason: string | null;
  bulk: boolean;
  receipt: { basis: string; digest: Digest | null; durable: boolean; method: string } | null;
  /** It is delivered, and others are still to be told of it. */
  announcementOwed: boolean;
  /** How far its ingestion is; null: it is not to be ingested. */
  ingest: IngestStory | null;
  /** Its row is not in the catalog; null: it is, or need not be. `refused`: why it cannot be. */
  catalogOwed: { refused: string | null } | null;
  /** What becomes of the source file; null: it is kept. `reason`: why it stayed when its time had come. */
  retain: { state: "due"; at: SteadyMs; reason: string | null } | { state: "removing" | "removed" | "held" } | null;
  tries: AttemptStory[];
  /** Runs of the user's commands that it was in, the last ones. */
  batches: BatchStory[];
  /** Tries that are not in `tries`, older than those. */
  triesLeftOut: number;
};

/** `outcome`: `delivered`, `hand-back`, `superseded`, or the code of the error. */
export type AttemptStory = {
  attempt: number;
  startedAtMs: WallMs;
  endedAtMs: WallMs;
  bytes: number;
  outcome: string;
  detail: string | null;
};

export type Story = {
  /** Oldest first: of the path itself, and renames that took it away or brought it here with its directory. */
  transfers: TransferStory[];
  leftOut: number;
};

/** A path that is written every second has more than anybody reads. */
const TRANSFERS_MAX = 50;
const TRIES_MAX = 20;

const COLUMNS = `id, state, seen_at, due_at, ended_at, attempt, failures, code, reason, bulk, basis, algorithm, digest, durable, method, retain, retain_at, retain_reason, ${CHANGE_COLUMNS}`;
type StoryRow = ChangeRow & {
  id: number;
  state: StateName;
  seen_at: number;
  due_at: number | null;
  ended_at: number | null;
  attempt: number;
  failures: number;
  code: string | null;
  reason: string | null;
  bulk: number;
  basis: string | null;
  algorithm: string | null;
  digest: Uint8Array | null;
  durable: number | null;
  method: string | null;
  retain: string | null;
  retain_at: number | null;
  retain_reason: string | null;
};

/** Everything that was ever recorded of a path and is not dropped from history. By indexes only. */
export function storyOf(db: Database, flow: FlowId, path: RelPath): Story {
  const rows = new Map<number, StoryRow>();
  const add = (sql: string, at: RelPath): void => {
    for (const row of db.all<StoryRow>(
      `SELECT ${COLUMNS} FROM transfer ${sql} ORDER BY id DESC LIMIT ${TRANSFERS_MAX + 1}`,
      flow,
      pathCell(at),
    ))
      rows.set(row.id, row);
  };
  add("WHERE flow = ? AND path = ?", path);
  add("WHERE flow = ? AND from_path = ?", path);
  for (const directory of ancestorsOf(path)) {
    add("INDEXED BY transfer_from WHERE flow = ? AND from_path = ? AND directory = 1", directory);
    add("INDEXED BY transfer_moves WHERE flow = ? AND path = ? AND directory = 1", directory);
  }
  const sorted = [...rows.values()].sort((a, b) => a.id - b.id);
  const told = sorted.slice(-TRANSFERS_MAX);
  return { transfers: told.map((row) => transferFrom(db, row)), leftOut: sorted.length - told.length };
}

function transferFrom(db: Database, row: StoryRow): TransferStory {
  const tries = attemptsOf(db, row.id);
  return {
    id: row.id,
    change: changeFrom(row),
    version: versionFrom(row),
    state: row.state,
    seenAtMs: row.seen_at,
    dueAt: row.due_at,
    endedAtMs: row.ended_at,
    attempts: row.attempt,
    failures: row.failures,
    code: row.code,
    reason: row.reason,
    bulk: row.bulk === 1,
    receipt:
      row.basis === null
        ? null
        : { basis: row.basis, digest: digestFrom(row.algorithm, row.digest), durable: row.durable === 1, method: row.method ?? "" },
    announcementOwed: isOwedAnnouncement(db, row.id),
    ingest: ingestOf(db, row.id),
    catalogOwed: owedRowOf(db, row.id),
    retain: retainFrom(row),
    tries: tries.slice(-TRIES_MAX),
    batches: batchesOf(db, row.id, TRIES_MAX),
    triesLeftOut: Math.max(0, tries.length - TRIES_MAX),
  };
}

function retainFrom({ retain: state, retain_at: at, retain_reason: reason }: StoryRow): TransferStory["retain"] {
  if (state === "due") return { state, at: at ?? 0, reason };
  return state === "removing" || state === "removed" || state === "held" ? { state } : null;
}

type AttemptRow = Row & { attempt: number; started_at: number; ended_at: number; bytes: number; outcome: string; detail: string | null };

function attemptsOf(db: Database, transfer: TransferId): AttemptStory[] {
  return db
    .all<AttemptRow>(
      "SELECT attempt, started_at, ended_at, bytes, outcome, detail FROM attempt WHERE transfer = ? ORDER BY id DESC LIMIT 1000",
      transfer,
    )
    .reverse()
    .map((row) => ({
      attempt: row.attempt,
      startedAtMs: row.started_at,
      endedAtMs: row.ended_at,
      bytes: row.bytes,
      outcome: row.outcome,
      detail: row.detail,
    }));
}
