import { type Database, openForWriting } from "../src/flow/ledger/database.ts";
import { type FlowId, registerFlow } from "../src/flow/ledger/flows.ts";
import { type AbsPath, bytesOfText } from "../src/kernel/path.ts";

/** How many rows of which kind: most are delivered, a third waits in a flow that is paused, some are dead. */
export type LedgerOrder = { stateDirectory: string; source: string; destination: string; rows: number };

const BATCH = 10_000;
const COLUMNS =
  "flow, kind, path, inode, size, mtime_ns, mode, links, state, seen_at, due_at, ended_at, attempt, code, reason, basis, algorithm, digest, durable, method";

/** A ledger as years leave it, made without sending anything. */
export function fillLedger({ stateDirectory, source, destination, rows }: LedgerOrder): {
  waiting: number;
  dead: number;
  delivered: number;
} {
  using db = openForWriting(stateDirectory);
  const flow = (name: string, root: string): FlowId =>
    registerFlow(db, { name, root: bytesOfText(root) as AbsPath, destination: `file:${destination}` });
  const [hot, backlog] = [flow("hot", source), flow("backlog", "/")];
  db.run("UPDATE flow SET held = 'paused' WHERE id = ?", backlog);
  const waiting = Math.floor(rows / 3);
  const dead = Math.floor(rows / 500);
  const delivered = rows - waiting - dead;
  const digest = Buffer.alloc(32, 7);
  const nowMs = Date.now();
  insert(db, delivered, (at) => [
    hot,
    `archive/${at % 997}/run-${at}.nc`,
    at % 9_000_000,
    "delivered",
    nowMs - (rows - at) * 60,
    null,
    nowMs,
    1,
    null,
    null,
    "digest",
    "sha256",
    digest,
    0,
    "bundled",
  ]);
  insert(db, dead, (at) => [
    hot,
    `broken/run-${at}.nc`,
    at,
    "dead",
    nowMs - at * 60,
    null,
    nowMs,
    10,
    "wrong-type",
    "something of another type is in the way",
    null,
    null,
    null,
    null,
    null,
  ]);
  insert(db, waiting, (at) => [
    backlog,
    `backlog/${at % 997}/run-${at}.nc`,
    (at * 7919) % 90_000_000,
    "queued",
    nowMs - (waiting - at) * 500,
    0,
    null,
    0,
    null,
    null,
    null,
    null,
    null,
    null,
    null,
  ]);
  return { waiting, dead, delivered };
}

type Cells = [flow: FlowId, path: string, size: number, ...rest: Array<string | number | null | Buffer>];

function insert(db: Database, rows: number, make: (at: number) => Cells): void {
  const marks = Array.from({ length: COLUMNS.split(",").length }, () => "?").join(", ");
  for (let from = 0; from < rows; from += BATCH)
    db.transaction(() => {
      for (let at = from; at < Math.min(rows, from + BATCH); at++) {
        const [flow, path, size, ...rest] = make(at);
        db.run(
          `INSERT INTO transfer (${COLUMNS}) VALUES (${marks})`,
          flow,
          "put",
          Buffer.from(path),
          `1:${at}`,
          size,
          0,
          0o644,
          1,
          ...rest,
        );
      }
    });
}
