import type { Migration } from "./migration.ts";

export const updateSource: Migration = {
  number: 9,
  sql: `
-- loaded_at: since when agents may be given it; null where it was only brought here. Those from before were loaded.
ALTER TABLE bundles ADD COLUMN loaded_at INTEGER;
ALTER TABLE bundles ADD COLUMN downloaded_at INTEGER;
ALTER TABLE bundles ADD COLUMN download_id TEXT;
UPDATE bundles SET loaded_at = created_at;

-- What came from the source of updates. It is the appliance's: every organization may load it.
CREATE TABLE downloads (
  id TEXT PRIMARY KEY,
  name TEXT NOT NULL,
  version TEXT NOT NULL,
  flavour TEXT NOT NULL,
  file_name TEXT NOT NULL,
  archive_sha256 TEXT NOT NULL UNIQUE,
  downloaded_at INTEGER NOT NULL
) STRICT;
CREATE TABLE download_packages (
  download_id TEXT NOT NULL REFERENCES downloads (id) ON DELETE CASCADE,
  position INTEGER NOT NULL,
  file_name TEXT NOT NULL,
  platform TEXT NOT NULL,
  architecture TEXT NOT NULL,
  format TEXT NOT NULL,
  version TEXT NOT NULL,
  sha256 TEXT NOT NULL,
  size_bytes INTEGER NOT NULL,
  PRIMARY KEY (download_id, position)
) STRICT;
CREATE INDEX download_packages_by_content ON download_packages (sha256);

-- Where newer agents are looked for, and what came of it.
CREATE TABLE update_source (
  one INTEGER PRIMARY KEY CHECK (one = 1),
  location TEXT,
  public_key TEXT,
  ca_certificate TEXT,
  check_at TEXT NOT NULL,
  requested_at INTEGER,
  checked_at INTEGER,
  fault TEXT,
  fault_at INTEGER
) STRICT;
INSERT INTO update_source (one, check_at) VALUES (1, '03:40');
`,
};
