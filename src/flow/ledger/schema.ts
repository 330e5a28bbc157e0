import { BATCH_TABLES } from "./batch-tables.ts";
import { tableRows } from "./schema-table.ts";
import { completionTables } from "./completion-schema.ts";
import { finishTables } from "./schema-finish.ts";

/**
 * The ledger's tables. The rules of `states.ts` stand here again as CHECK constraints and triggers,
 * so that no statement, ours or anybody's, can commit a ledger that breaks them:
 *
 * - a state has exactly the columns that its type has;
 * - a transfer moves only along the arrows of the state diagram, and a receipt never changes;
 * - conservation: `tally` is kept by triggers, and its CHECK is the law itself, at every statement.
 *
 * Times ending in `_at` are wall milliseconds (for people), `due_at` and `retain_at` are on the
 * ledger's steady clock (`kernel/clock.ts`). Paths are the kernel's bytes.
 */
export const SCHEMA_VERSION = 1;

/** One entry per version, applied in order in one transaction. A released entry never changes. */
export const migrations: readonly string[] = [
  `
CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID;

CREATE TABLE run (
  id INTEGER PRIMARY KEY,
  pid INTEGER NOT NULL,
  started_at INTEGER NOT NULL
) STRICT;

CREATE TABLE flow (
  id INTEGER PRIMARY KEY,
  name TEXT NOT NULL UNIQUE,
  root BLOB NOT NULL,
  destination TEXT NOT NULL,
  root_identity TEXT,
  halted TEXT,
  journaled INTEGER NOT NULL DEFAULT 0 CHECK (journaled = 0 OR journaled = 1),
  held TEXT CHECK (held IS NULL OR held = 'paused' OR held = 'stopped'),
  released_through INTEGER NOT NULL DEFAULT 0
) STRICT;

CREATE TABLE transfer (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  flow INTEGER NOT NULL REFERENCES flow (id),
  kind TEXT NOT NULL,
  path BLOB NOT NULL CHECK (length(path) > 0),
  from_path BLOB,
  directory INTEGER NOT NULL DEFAULT 0 CHECK (directory = 0 OR directory = 1),
  inode TEXT,
  size INTEGER CHECK (size >= 0),
  mtime_ns INTEGER,
  mode INTEGER,
  links INTEGER,
  target BLOB,
  bulk INTEGER NOT NULL DEFAULT 0 CHECK (bulk = 0 OR bulk = 1),
  state TEXT NOT NULL,
  seen_at INTEGER NOT NULL,
  due_at INTEGER,
  run INTEGER REFERENCES run (id),
  attempt INTEGER NOT NULL DEFAULT 0,
  failures INTEGER NOT NULL DEFAULT 0,
  adopt INTEGER NOT NULL DEFAULT 0,
  partial INTEGER,
  litter INTEGER NOT NULL DEFAULT 0 CHECK (litter = 0 OR litter = 1),
  overtook INTEGER NOT NULL DEFAULT 0 CHECK (overtook = 0 OR overtook = 1),
  ended_at INTEGER,
  code TEXT,
  reason TEXT,
  basis TEXT,
  algorithm TEXT,
  digest BLOB,
  durable INTEGER,
  method TEXT,
  retain TEXT,
  retain_at INTEGER,
  retain_reason TEXT,

  -- A kind has what it needs to be made true.
  CHECK (CASE kind
    WHEN 'put' THEN from_path IS NULL AND inode IS NOT NULL AND size IS NOT NULL AND mtime_ns IS NOT NULL AND mode IS NOT NULL
    WHEN 'rename' THEN from_path IS NOT NULL
    WHEN 'link' THEN from_path IS NULL AND target IS NOT NULL
    WHEN 'mkdir' THEN from_path IS NULL AND mode IS NOT NULL
    WHEN 'delete' THEN from_path IS NULL
    WHEN 'rmdir' THEN from_path IS NULL
    ELSE 0 END),
  -- A state has exactly the columns that its type has. One CASE, since every write pays for it.
  CHECK (CASE state
    WHEN 'queued' THEN due_at IS NOT NULL AND run IS NULL AND ended_at IS NULL AND basis IS NULL
    WHEN 'sending' THEN run IS NOT NULL AND due_at IS NULL AND ended_at IS NULL AND basis IS NULL
    WHEN 'delivered' THEN basis IS NOT NULL AND ended_at IS NOT NULL AND run IS NULL AND due_at IS NULL
    WHEN 'settling' THEN run IS NULL AND ended_at IS NULL AND basis IS NULL
    WHEN 'dead' THEN code IS NOT NULL AND reason IS NOT NULL AND ended_at IS NOT NULL AND run IS NULL AND due_at IS NULL AND basis IS NULL
    WHEN 'superseded' THEN reason IS NOT NULL AND ended_at IS NOT NULL AND run IS NULL AND due_at IS NULL AND basis IS NULL
    WHEN 'ignored' THEN reason IS NOT NULL AND ended_at IS NOT NULL AND run IS NULL AND due_at IS NULL AND basis IS NULL
    ELSE 0 END),
  -- No lie: a receipt says what it rests on, and by digest only with one.
  CHECK (CASE WHEN basis IS NULL THEN digest IS NULL
    WHEN basis = 'digest' THEN digest IS NOT NULL AND algorithm IS NOT NULL
    ELSE digest IS NULL AND (basis = 'size' OR basis = 'none' OR basis = 'structure' OR basis = 'confirmed') END),
  -- No unsafe delete: only bytes that were read back let a source file go.
  CHECK (CASE WHEN retain IS NULL THEN retain_at IS NULL
    WHEN retain = 'due' THEN retain_at IS NOT NULL AND basis IS 'digest'
    WHEN retain = 'removed' THEN retain_at IS NULL AND (basis IS 'digest' OR (kind = 'mkdir' AND state = 'delivered'))
    ELSE retain_at IS NULL AND basis IS 'digest' AND (retain = 'removing' OR retain = 'held') END),
  -- Why it stays in the source though its time had come.
  CHECK (retain_reason IS NULL OR retain IS 'due')
) STRICT;

CREATE INDEX transfer_path ON transfer (flow, path, id);
-- The partial indexes rest on columns that the usual moves leave alone: what is not touched costs nothing.
CREATE INDEX transfer_due ON transfer (flow, state, bulk, due_at, id) WHERE due_at IS NOT NULL;
CREATE INDEX transfer_open ON transfer (flow, id) WHERE ended_at IS NULL;
CREATE INDEX transfer_from ON transfer (flow, from_path) WHERE from_path IS NOT NULL;
CREATE INDEX transfer_renames ON transfer (flow, id) WHERE from_path IS NOT NULL;
CREATE INDEX transfer_structural ON transfer (flow, path) WHERE (kind = 'rename' OR kind = 'delete' OR kind = 'rmdir') AND ended_at IS NULL;
CREATE INDEX transfer_moves ON transfer (flow, path) WHERE directory = 1;
CREATE INDEX transfer_links ON transfer (flow, inode) WHERE links > 1;
CREATE INDEX transfer_dead ON transfer (flow, id) WHERE state = 'dead';
CREATE INDEX transfer_litter ON transfer (flow) WHERE litter = 1 AND ended_at IS NOT NULL;
CREATE INDEX transfer_retain ON transfer (flow, retain, retain_at) WHERE retain_at IS NOT NULL OR retain = 'removing';

CREATE TABLE attempt (
  id INTEGER PRIMARY KEY,
  transfer INTEGER NOT NULL REFERENCES transfer (id) ON DELETE CASCADE,
  attempt INTEGER NOT NULL,
  started_at INTEGER NOT NULL,
  ended_at INTEGER NOT NULL,
  bytes INTEGER NOT NULL CHECK (bytes >= 0),
  outcome TEXT NOT NULL,
  detail TEXT
) STRICT;
CREATE INDEX attempt_transfer ON attempt (transfer);

-- The parts of a large file that are known to have been written under its inflight name, for resuming.
CREATE TABLE segment (
  transfer INTEGER NOT NULL REFERENCES transfer (id) ON DELETE CASCADE,
  start INTEGER NOT NULL CHECK (start >= 0),
  length INTEGER NOT NULL CHECK (length > 0),
  PRIMARY KEY (transfer, start)
) STRICT, WITHOUT ROWID;

-- Where the file of a transfer is, where its path does not say it, and what its content has to be.
CREATE TABLE source_file (
  transfer INTEGER PRIMARY KEY REFERENCES transfer (id) ON DELETE CASCADE,
  flow INTEGER NOT NULL REFERENCES flow (id),
  path BLOB NOT NULL CHECK (substr(path, 1, 1) = x'2f'),
  algorithm TEXT,
  digest BLOB,
  CHECK ((algorithm IS NULL) = (digest IS NULL))
) STRICT;
CREATE INDEX source_file_flow ON source_file (flow, transfer);
CREATE INDEX source_file_path ON source_file (path);

-- The message that a transfer came by: which one it is, where its file can be fetched, and all it said, for passing on.
CREATE TABLE message (
  transfer INTEGER PRIMARY KEY REFERENCES transfer (id) ON DELETE CASCADE,
  flow INTEGER NOT NULL REFERENCES flow (id),
  rel_path BLOB NOT NULL CHECK (length(rel_path) > 0),
  pub_time INTEGER NOT NULL,
  base_url TEXT NOT NULL,
  body BLOB NOT NULL
) STRICT;
CREATE INDEX message_identity ON message (flow, rel_path, pub_time);

-- Deliveries that are still to be told of; written with the receipt, removed once the broker has the message.
CREATE TABLE announcement (
  transfer INTEGER PRIMARY KEY REFERENCES transfer (id),
  flow INTEGER NOT NULL REFERENCES flow (id)
) STRICT;
CREATE INDEX announcement_flow ON announcement (flow, transfer);

-- What happened when, in bins of five minutes: for plots over weeks and the daily tally, long after history dropped the rows.
CREATE TABLE activity (
  flow INTEGER NOT NULL REFERENCES flow (id),
  bin INTEGER NOT NULL,
  delivered INTEGER NOT NULL DEFAULT 0 CHECK (delivered >= 0),
  bytes INTEGER NOT NULL DEFAULT 0 CHECK (bytes >= 0),
  failed INTEGER NOT NULL DEFAULT 0 CHECK (failed >= 0),
  PRIMARY KEY (flow, bin)
) STRICT, WITHOUT ROWID;

CREATE TABLE tally (
  flow INTEGER PRIMARY KEY REFERENCES flow (id),
  seen INTEGER NOT NULL DEFAULT 0,
  settling INTEGER NOT NULL DEFAULT 0 CHECK (settling >= 0),
  queued INTEGER NOT NULL DEFAULT 0 CHECK (queued >= 0),
  sending INTEGER NOT NULL DEFAULT 0 CHECK (sending >= 0),
  delivered INTEGER NOT NULL DEFAULT 0 CHECK (delivered >= 0),
  superseded INTEGER NOT NULL DEFAULT 0 CHECK (superseded >= 0),
  ignored INTEGER NOT NULL DEFAULT 0 CHECK (ignored >= 0),
  dead INTEGER NOT NULL DEFAULT 0 CHECK (dead >= 0),
  queued_bytes INTEGER NOT NULL DEFAULT 0,
  delivered_bytes INTEGER NOT NULL DEFAULT 0,
  CHECK (seen = settling + queued + sending + delivered + superseded + ignored + dead)
) STRICT;

-- What history has dropped, so that the tally can still be recounted from the rows.
CREATE TABLE pruned (
  flow INTEGER NOT NULL REFERENCES flow (id),
  state TEXT NOT NULL,
  transfers INTEGER NOT NULL,
  PRIMARY KEY (flow, state)
) STRICT, WITHOUT ROWID;

CREATE TRIGGER transfer_seen AFTER INSERT ON transfer BEGIN
  UPDATE tally SET
    seen = seen + 1,
    settling = settling + (NEW.state = 'settling'),
    queued = queued + (NEW.state = 'queued'),
    sending = sending + (NEW.state = 'sending'),
    delivered = delivered + (NEW.state = 'delivered'),
    superseded = superseded + (NEW.state = 'superseded'),
    ignored = ignored + (NEW.state = 'ignored'),
    dead = dead + (NEW.state = 'dead'),
    queued_bytes = queued_bytes + (NEW.state = 'queued') * coalesce(NEW.size, 0)
  WHERE flow = NEW.flow;
END;

CREATE TRIGGER transfer_moved AFTER UPDATE OF state ON transfer WHEN OLD.state <> NEW.state BEGIN
  SELECT raise(ABORT, 'a transfer moved against the state diagram') WHERE NOT CASE OLD.state
    WHEN 'queued' THEN NEW.state = 'sending' OR NEW.state = 'settling' OR NEW.state = 'superseded'
    WHEN 'sending' THEN NEW.state = 'delivered' OR NEW.state = 'queued' OR NEW.state = 'dead' OR NEW.state = 'superseded'
    WHEN 'settling' THEN NEW.state = 'queued' OR NEW.state = 'superseded'
    WHEN 'dead' THEN NEW.state = 'queued' OR NEW.state = 'superseded'
    ELSE 0 END;
  UPDATE tally SET
    settling = settling + (NEW.state = 'settling') - (OLD.state = 'settling'),
    queued = queued + (NEW.state = 'queued') - (OLD.state = 'queued'),
    sending = sending + (NEW.state = 'sending') - (OLD.state = 'sending'),
    delivered = delivered + (NEW.state = 'delivered'),
    superseded = superseded + (NEW.state = 'superseded'),
    dead = dead + (NEW.state = 'dead') - (OLD.state = 'dead'),
    queued_bytes = queued_bytes + (NEW.state = 'queued') * coalesce(NEW.size, 0) - (OLD.state = 'queued') * coalesce(OLD.size, 0),
    delivered_bytes = delivered_bytes + (NEW.state = 'delivered') * coalesce(NEW.size, 0)
  WHERE flow = NEW.flow;
END;

CREATE TRIGGER transfer_same_flow BEFORE UPDATE OF flow ON transfer WHEN OLD.flow <> NEW.flow BEGIN
  SELECT raise(ABORT, 'a transfer stays in its flow');
END;

CREATE TRIGGER transfer_receipt BEFORE UPDATE OF path, inode, size, mtime_ns, basis, algorithm, digest, durable ON transfer WHEN OLD.state = 'delivered' BEGIN
  SELECT raise(ABORT, 'a receipt never changes');
END;

CREATE TRIGGER transfer_resized AFTER UPDATE OF size ON transfer WHEN OLD.state = 'queued' AND NEW.state = 'queued' AND OLD.size IS NOT NEW.size BEGIN
  UPDATE tally SET queued_bytes = queued_bytes + coalesce(NEW.size, 0) - coalesce(OLD.size, 0) WHERE flow = NEW.flow;
END;

CREATE TRIGGER transfer_kept BEFORE DELETE ON transfer WHEN OLD.state IN ('settling', 'queued', 'sending') BEGIN
  SELECT raise(ABORT, 'an open transfer cannot be dropped');
END;

CREATE TRIGGER transfer_pruned AFTER DELETE ON transfer BEGIN
  INSERT INTO pruned (flow, state, transfers) VALUES (OLD.flow, OLD.state, 1)
    ON CONFLICT (flow, state) DO UPDATE SET transfers = transfers + 1;
END;
${tableRows}${completionTables}${BATCH_TABLES}${finishTables}`,
];
