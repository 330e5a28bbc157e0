/**
 * The tables of completion (`flow/completion/`), a part of the ledger's first migration. The rules stand here again: a set is decided
 * once, its manifest is made once, for a set that waits for nothing, and never changes. `news_at` and `surveyed_at` are steady.
 */
export const completionTables = `
-- Completion: a set of files, its directory at the destination, and when it was decided to be complete: once, for good.
CREATE TABLE file_set (
  id INTEGER PRIMARY KEY,
  flow INTEGER NOT NULL REFERENCES flow (id),
  path BLOB NOT NULL CHECK (length(path) > 0),
  parent BLOB NOT NULL,
  timecode INTEGER,
  seen_at INTEGER NOT NULL,
  news_at INTEGER NOT NULL,
  arrivals INTEGER NOT NULL DEFAULT 0 CHECK (arrivals >= 0),
  recount_at INTEGER NOT NULL DEFAULT 0,
  surveyed_at INTEGER,
  decided_at INTEGER,
  late INTEGER NOT NULL DEFAULT 0 CHECK (late = 0 OR (late > 0 AND decided_at IS NOT NULL)),
  UNIQUE (flow, path)
) STRICT;
CREATE INDEX file_set_open ON file_set (flow, path) WHERE decided_at IS NULL;
CREATE INDEX file_set_timecode ON file_set (flow, parent, timecode) WHERE timecode IS NOT NULL;

-- What a set may still wait for. Rows whose transfer ended go with its end, or when somebody looks.
CREATE TABLE set_wait (
  file_set INTEGER NOT NULL REFERENCES file_set (id) ON DELETE CASCADE,
  transfer INTEGER NOT NULL REFERENCES transfer (id) ON DELETE CASCADE,
  PRIMARY KEY (file_set, transfer)
) STRICT, WITHOUT ROWID;
CREATE INDEX set_wait_transfer ON set_wait (transfer);

-- By which expression, and up to which transfer, it is known what belongs to which set.
CREATE TABLE set_scope (
  flow INTEGER PRIMARY KEY REFERENCES flow (id),
  expression TEXT NOT NULL,
  through INTEGER NOT NULL
) STRICT;

-- Written in the commit that decides that a set is complete; its bytes are in manifest_part until it is delivered.
CREATE TABLE manifest (
  file_set INTEGER PRIMARY KEY REFERENCES file_set (id),
  flow INTEGER NOT NULL REFERENCES flow (id),
  path BLOB NOT NULL CHECK (length(path) > 0),
  file BLOB NOT NULL CHECK (substr(file, 1, 1) = x'2f'),
  made_at INTEGER NOT NULL,
  after_transfer INTEGER NOT NULL,
  members INTEGER NOT NULL CHECK (members > 0),
  size INTEGER NOT NULL CHECK (size >= 0),
  algorithm TEXT NOT NULL,
  digest BLOB NOT NULL,
  stage TEXT NOT NULL CHECK (stage = 'decided' OR stage = 'entered' OR stage = 'delivered'),
  UNIQUE (flow, path)
) STRICT;
CREATE INDEX manifest_under_way ON manifest (flow, stage, file_set) WHERE stage <> 'delivered';

CREATE TABLE manifest_part (
  file_set INTEGER NOT NULL REFERENCES manifest (file_set) DEFERRABLE INITIALLY DEFERRED,
  part INTEGER NOT NULL,
  bytes BLOB NOT NULL,
  PRIMARY KEY (file_set, part)
) STRICT;

CREATE TRIGGER manifest_decided AFTER INSERT ON manifest BEGIN
  SELECT raise(ABORT, 'a manifest belongs to a set that was decided') WHERE (SELECT decided_at FROM file_set WHERE id = NEW.file_set) IS NULL;
  SELECT raise(ABORT, 'a set that waits has no manifest') WHERE EXISTS (SELECT 1 FROM set_wait WHERE file_set = NEW.file_set);
END;

CREATE TRIGGER manifest_fixed BEFORE UPDATE OF file_set, flow, path, file, made_at, after_transfer, members, size, algorithm, digest ON manifest BEGIN
  SELECT raise(ABORT, 'a manifest never changes');
END;

CREATE TRIGGER manifest_kept BEFORE DELETE ON manifest BEGIN
  SELECT raise(ABORT, 'a manifest stays');
END;

CREATE TRIGGER file_set_decided BEFORE UPDATE OF flow, path, decided_at ON file_set WHEN OLD.decided_at IS NOT NULL BEGIN
  SELECT raise(ABORT, 'a set is decided once');
END;
`;
