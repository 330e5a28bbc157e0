/** The tables of `destination: {commands: ...}`, a part of the schema (`schema.ts`). */
export const BATCH_TABLES = `
-- Runs of a user's transfer command, each with what went before and after it; times are wall microseconds, and no two begin at the same. stage: the
-- batch whose number the directory has in which the files landed; litter: that may still be there. Its status is an errno, or 0.
CREATE TABLE batch (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  flow INTEGER NOT NULL REFERENCES flow (id),
  run INTEGER NOT NULL REFERENCES run (id),
  stage INTEGER NOT NULL,
  pre_at INTEGER NOT NULL,
  pre_took INTEGER CHECK (pre_took >= 0),
  transfer_at INTEGER,
  transfer_took INTEGER CHECK (transfer_took >= 0),
  post_at INTEGER,
  post_took INTEGER CHECK (post_took >= 0),
  bytes INTEGER NOT NULL CHECK (bytes >= 0),
  ended_at INTEGER,
  status INTEGER,
  message TEXT,
  litter INTEGER NOT NULL DEFAULT 1 CHECK (litter = 0 OR litter = 1),
  CHECK ((status IS NULL) = (ended_at IS NULL)),
  CHECK (transfer_took IS NULL OR transfer_at IS NOT NULL),
  CHECK (post_took IS NULL OR post_at IS NOT NULL)
) STRICT;
CREATE UNIQUE INDEX batch_begun ON batch (pre_at);
CREATE INDEX batch_open ON batch (flow, id) WHERE ended_at IS NULL;
CREATE INDEX batch_ended ON batch (flow, ended_at);
CREATE INDEX batch_litter ON batch (flow, id) WHERE litter = 1;

-- Which files a batch was to move, and the content that each had.
CREATE TABLE batch_member (
  batch INTEGER NOT NULL REFERENCES batch (id) ON DELETE CASCADE,
  transfer INTEGER NOT NULL REFERENCES transfer (id) ON DELETE CASCADE,
  algorithm TEXT,
  digest BLOB,
  CHECK ((algorithm IS NULL) = (digest IS NULL)),
  PRIMARY KEY (batch, transfer)
) STRICT, WITHOUT ROWID;
CREATE INDEX batch_member_transfer ON batch_member (transfer);

-- What is still to be written into the user's own database of batches: a batch, or that a file was held.
CREATE TABLE journal_owed (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  flow INTEGER NOT NULL REFERENCES flow (id),
  batch INTEGER UNIQUE REFERENCES batch (id),
  held INTEGER UNIQUE REFERENCES transfer (id),
  at INTEGER NOT NULL,
  CHECK ((batch IS NULL) <> (held IS NULL))
) STRICT;
CREATE INDEX journal_owed_flow ON journal_owed (flow, id);

-- With the move to the holding area itself, so that no end between the two forgets it.
CREATE TRIGGER transfer_held AFTER UPDATE OF retain ON transfer WHEN NEW.retain = 'held' AND OLD.retain IS NOT 'held' BEGIN
  INSERT OR IGNORE INTO journal_owed (flow, held, at)
    SELECT id, NEW.id, CAST(unixepoch('subsec') * 1000000 AS INTEGER) FROM flow WHERE id = NEW.flow AND journaled = 1;
END;
`;
