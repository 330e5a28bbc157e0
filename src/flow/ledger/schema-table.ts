/** The part of the ledger's first version that follows rows of another program's table. */
export const tableRows = `
-- The table of another program's database that a flow follows. identity: which file, table and rows that were, when all of them were last
-- compared; null: they have to be. high: rows up to this key were read. The rest is what is told of all rows.
CREATE TABLE table_source (
  flow INTEGER PRIMARY KEY REFERENCES flow (id),
  identity TEXT,
  high INTEGER,
  row_count INTEGER NOT NULL DEFAULT 0 CHECK (row_count >= 0),
  uncopied INTEGER NOT NULL DEFAULT 0 CHECK (uncopied >= 0 AND uncopied <= row_count),
  last_added REAL,
  last_added_file BLOB,
  last_copied REAL,
  last_copied_file BLOB
) STRICT;

-- The rows of that table, by their keys: as they were last read or written, and which transfer follows them. registration: tells file, path
-- and sum apart from others. registered: the sum. waits: neither verified nor ignored. failures: what the row is to say; failures_there: what it said, or null where it is set whatever that is;
-- failures_told: what it may say by now, since that was to be written when a kill may have come. owed: how many outcomes it was not told of yet.
CREATE TABLE table_row (
  flow INTEGER NOT NULL REFERENCES flow (id),
  row INTEGER NOT NULL,
  transfer INTEGER REFERENCES transfer (id) ON DELETE SET NULL,
  fingerprint INTEGER NOT NULL,
  registration INTEGER NOT NULL,
  registered_at REAL NOT NULL,
  registered TEXT,
  removable INTEGER NOT NULL CHECK (removable = 0 OR removable = 1),
  verified INTEGER NOT NULL CHECK (verified = 0 OR verified = 1),
  waits INTEGER NOT NULL CHECK (waits = 0 OR (waits = 1 AND verified = 0)),
  copied INTEGER NOT NULL CHECK (copied = 0 OR copied = 1),
  failures INTEGER NOT NULL,
  failures_there INTEGER,
  failures_told INTEGER,
  removed_at REAL,
  owed INTEGER NOT NULL DEFAULT 0 CHECK (owed >= 0),
  PRIMARY KEY (flow, row)
) STRICT, WITHOUT ROWID;
CREATE INDEX table_row_transfer ON table_row (transfer);
CREATE INDEX table_row_waits ON table_row (flow, row) WHERE waits = 1;
CREATE INDEX table_row_first ON table_row (flow, registered_at) WHERE waits = 1;
CREATE INDEX table_row_owed ON table_row (flow, row) WHERE owed > 0;

-- Sets of files of which the other database keeps a row, too: how far each is, and whether it is still to be told of that.
CREATE TABLE table_set (
  file_set INTEGER PRIMARY KEY REFERENCES file_set (id) ON DELETE CASCADE,
  flow INTEGER NOT NULL REFERENCES flow (id),
  stage TEXT NOT NULL CHECK (stage = 'whole' OR stage = 'final'),
  owed INTEGER NOT NULL CHECK (owed = 0 OR owed = 1)
) STRICT;
CREATE INDEX table_set_owed ON table_set (flow, file_set) WHERE owed = 1;

-- No outcome without its row being told, and no failure counted twice: in the statement that writes it, whoever that is.
CREATE TRIGGER transfer_of_row AFTER UPDATE OF state, failures, retain ON transfer
WHEN OLD.failures <> NEW.failures OR (OLD.retain IS NOT NEW.retain AND NEW.retain IN ('removed', 'held')) OR (OLD.state <> NEW.state AND NEW.ended_at IS NOT NULL) BEGIN
  UPDATE table_row SET owed = owed + 1,
    failures = CASE WHEN NEW.failures > OLD.failures THEN failures + NEW.failures - OLD.failures WHEN NEW.failures < OLD.failures THEN NEW.failures ELSE failures END,
    failures_there = CASE WHEN NEW.failures >= OLD.failures THEN failures_there END
  WHERE transfer = NEW.id;
END;

CREATE TRIGGER table_row_seen AFTER INSERT ON table_row BEGIN
  UPDATE table_source SET row_count = row_count + 1, uncopied = uncopied + (NEW.copied = 0) WHERE flow = NEW.flow;
END;

CREATE TRIGGER table_row_copied AFTER UPDATE OF copied ON table_row WHEN OLD.copied <> NEW.copied BEGIN
  UPDATE table_source SET uncopied = uncopied + (NEW.copied = 0) - (OLD.copied = 0) WHERE flow = NEW.flow;
END;

CREATE TRIGGER table_row_gone AFTER DELETE ON table_row BEGIN
  UPDATE table_source SET row_count = row_count - 1, uncopied = uncopied - (OLD.copied = 0) WHERE flow = OLD.flow;
END;
`;
