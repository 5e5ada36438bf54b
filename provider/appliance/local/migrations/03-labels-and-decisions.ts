import type { Migration } from "./migration.ts";

export const labelsAndDecisions: Migration = {
  number: 3,
  sql: `
-- machines: a list, of a label by hand; filter: of one by filter, with the ids of labels where it names some.
CREATE TABLE labels (
  id TEXT PRIMARY KEY,
  organization TEXT NOT NULL REFERENCES organizations (name),
  name TEXT NOT NULL,
  urn TEXT UNIQUE,
  description TEXT,
  machines TEXT,
  filter TEXT,
  created_at INTEGER NOT NULL,
  updated_at INTEGER NOT NULL,
  UNIQUE (organization, name)
) STRICT;

-- Either about one device or by rule. changed_device: this decision has given its device the state it has.
CREATE TABLE quarantine_decisions (
  id TEXT PRIMARY KEY,
  organization TEXT NOT NULL REFERENCES organizations (name),
  name TEXT NOT NULL,
  urn TEXT UNIQUE,
  verdict TEXT NOT NULL,
  kuid TEXT,
  rule TEXT,
  priority INTEGER NOT NULL,
  changed_device INTEGER NOT NULL,
  created_at INTEGER NOT NULL,
  updated_at INTEGER NOT NULL,
  UNIQUE (organization, name),
  UNIQUE (organization, kuid)
) STRICT;

-- Who came with the KUID of a device and another key.
CREATE TABLE key_conflicts (
  kuid TEXT NOT NULL REFERENCES devices (kuid) ON DELETE CASCADE,
  public_key TEXT NOT NULL,
  organization TEXT NOT NULL,
  hostname TEXT NOT NULL,
  machine_id TEXT NOT NULL,
  addresses TEXT NOT NULL,
  first_seen_at INTEGER NOT NULL,
  last_seen_at INTEGER NOT NULL,
  attempts INTEGER NOT NULL,
  PRIMARY KEY (kuid, public_key)
) STRICT;
CREATE INDEX key_conflicts_by_time ON key_conflicts (last_seen_at);

CREATE INDEX history_of_name ON history (subject_name, sequence);
`,
};
