/**
 * The tables of what is still to be done with a delivered file: the user's command ingests it, a catalog gets its row. As in `schema.ts`,
 * the rules (`../ingest/states.ts`) stand here again, as CHECK constraints and triggers. Part of migration 1.
 */
export const finishTables = `
-- Delivered files for the user's command; written with the receipt. \`attempts\`: how often the command had it.
CREATE TABLE ingest (
  transfer INTEGER PRIMARY KEY REFERENCES transfer (id) ON DELETE CASCADE,
  flow INTEGER NOT NULL REFERENCES flow (id),
  status TEXT NOT NULL,
  attempts INTEGER NOT NULL DEFAULT 0 CHECK (attempts >= 0),
  changed_at INTEGER NOT NULL,
  message TEXT,
  CHECK (CASE status
    WHEN 'UNTRIED' THEN attempts = 0 AND message IS NULL
    WHEN 'RERUN' THEN attempts > 0 AND message IS NULL
    WHEN 'PENDING' THEN attempts > 0 AND message IS NULL
    WHEN 'SUCCESS' THEN attempts > 0
    WHEN 'FAILURE' THEN attempts > 0 AND message IS NOT NULL
    WHEN 'UNKNOWN' THEN attempts > 0 AND message IS NOT NULL
    WHEN 'IGNORED' THEN message IS NOT NULL
    ELSE 0 END)
) STRICT;
-- Of those that succeeded there may be millions, and nobody looks for one.
CREATE INDEX ingest_open ON ingest (flow, status, transfer) WHERE status <> 'SUCCESS';

CREATE TABLE ingest_attempt (
  id INTEGER PRIMARY KEY,
  transfer INTEGER NOT NULL REFERENCES ingest (transfer) ON DELETE CASCADE,
  started_at INTEGER NOT NULL,
  ended_at INTEGER NOT NULL,
  status TEXT NOT NULL CHECK (status IN ('SUCCESS', 'FAILURE', 'UNKNOWN')),
  message TEXT
) STRICT;
CREATE INDEX ingest_attempt_transfer ON ingest_attempt (transfer);

CREATE TABLE ingest_tally (
  flow INTEGER NOT NULL REFERENCES flow (id),
  status TEXT NOT NULL,
  files INTEGER NOT NULL CHECK (files >= 0),
  PRIMARY KEY (flow, status)
) STRICT, WITHOUT ROWID;

CREATE TRIGGER ingest_owed AFTER INSERT ON ingest BEGIN
  INSERT INTO ingest_tally (flow, status, files) VALUES (NEW.flow, NEW.status, 1)
    ON CONFLICT (flow, status) DO UPDATE SET files = files + 1;
END;

CREATE TRIGGER ingest_moved AFTER UPDATE OF status ON ingest WHEN OLD.status <> NEW.status BEGIN
  SELECT raise(ABORT, 'an ingestion moved against its state diagram') WHERE NOT CASE OLD.status
    WHEN 'UNTRIED' THEN NEW.status IN ('PENDING', 'IGNORED')
    WHEN 'RERUN' THEN NEW.status IN ('PENDING', 'IGNORED')
    WHEN 'PENDING' THEN 1
    WHEN 'FAILURE' THEN NEW.status IN ('RERUN', 'IGNORED')
    WHEN 'UNKNOWN' THEN NEW.status IN ('RERUN', 'IGNORED')
    ELSE 0 END;
  UPDATE ingest_tally SET files = files - 1 WHERE flow = OLD.flow AND status = OLD.status;
  INSERT INTO ingest_tally (flow, status, files) VALUES (NEW.flow, NEW.status, 1)
    ON CONFLICT (flow, status) DO UPDATE SET files = files + 1;
END;

CREATE TRIGGER ingest_dropped AFTER DELETE ON ingest BEGIN
  UPDATE ingest_tally SET files = files - 1 WHERE flow = OLD.flow AND status = OLD.status;
END;

-- Delivered files whose rows are still to be written into the catalog of \`finish.catalog\`, somebody else's database; written with the receipt,
-- removed once the row is there. \`refused\`: why it is not; then a person must look.
CREATE TABLE catalog_owed (
  transfer INTEGER PRIMARY KEY REFERENCES transfer (id) ON DELETE CASCADE,
  flow INTEGER NOT NULL REFERENCES flow (id),
  refused TEXT
) STRICT;
CREATE INDEX catalog_owed_flow ON catalog_owed (flow, transfer);
`;
