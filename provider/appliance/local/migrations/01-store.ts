import type { Migration } from "./migration.ts";

export const store: Migration = {
  number: 1,
  sql: `
CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT;

CREATE TABLE organizations (name TEXT PRIMARY KEY, created_at INTEGER NOT NULL) STRICT;

CREATE TABLE tokens (
  id TEXT PRIMARY KEY,
  organization TEXT NOT NULL REFERENCES organizations (name),
  name TEXT NOT NULL,
  urn TEXT UNIQUE,
  expires_at INTEGER,
  use_limit INTEGER,
  enabled INTEGER NOT NULL,
  use_count INTEGER NOT NULL,
  settled INTEGER NOT NULL,
  created_at INTEGER NOT NULL,
  updated_at INTEGER NOT NULL,
  UNIQUE (organization, name)
) STRICT;

-- The present value has no valid_until and is kept encrypted; of those before it only the fingerprint is left.
CREATE TABLE token_values (
  fingerprint TEXT PRIMARY KEY,
  token_id TEXT NOT NULL REFERENCES tokens (id) ON DELETE CASCADE,
  sealed TEXT,
  valid_until INTEGER,
  created_at INTEGER NOT NULL
) STRICT;
CREATE INDEX token_values_of_token ON token_values (token_id);
CREATE UNIQUE INDEX token_values_present ON token_values (token_id) WHERE valid_until IS NULL;

CREATE TABLE token_uses (
  sequence INTEGER PRIMARY KEY AUTOINCREMENT,
  token_id TEXT NOT NULL REFERENCES tokens (id) ON DELETE CASCADE,
  kuid TEXT NOT NULL,
  hostname TEXT NOT NULL,
  used_at INTEGER NOT NULL
) STRICT;
CREATE INDEX token_uses_of_token ON token_uses (token_id, sequence);

CREATE TABLE bundles (
  id TEXT PRIMARY KEY,
  organization TEXT NOT NULL REFERENCES organizations (name),
  name TEXT NOT NULL,
  urn TEXT UNIQUE,
  version TEXT NOT NULL,
  flavour TEXT NOT NULL,
  created_at INTEGER NOT NULL,
  updated_at INTEGER NOT NULL,
  UNIQUE (organization, name)
) STRICT;

-- claimed: a bundle has, or had, this content; content that was only just put waits for its bundle.
CREATE TABLE package_contents (
  sha256 TEXT PRIMARY KEY,
  size_bytes INTEGER NOT NULL,
  put_at INTEGER NOT NULL,
  claimed INTEGER NOT NULL
) STRICT;

CREATE TABLE bundle_packages (
  bundle_id TEXT NOT NULL REFERENCES bundles (id) ON DELETE CASCADE,
  position INTEGER NOT NULL,
  file_name TEXT NOT NULL,
  platform TEXT NOT NULL,
  architecture TEXT NOT NULL,
  format TEXT NOT NULL,
  version TEXT NOT NULL,
  sha256 TEXT NOT NULL REFERENCES package_contents (sha256),
  size_bytes INTEGER NOT NULL,
  PRIMARY KEY (bundle_id, position)
) STRICT;
CREATE INDEX bundle_packages_by_content ON bundle_packages (sha256);

CREATE TABLE host_keys (
  host TEXT NOT NULL,
  port INTEGER NOT NULL,
  type TEXT NOT NULL,
  key TEXT NOT NULL,
  fingerprint TEXT NOT NULL,
  configuration_id TEXT,
  pinned_at INTEGER NOT NULL,
  PRIMARY KEY (host, port)
) STRICT;

CREATE TABLE configurations (
  id TEXT PRIMARY KEY,
  organization TEXT NOT NULL REFERENCES organizations (name),
  name TEXT NOT NULL,
  urn TEXT UNIQUE,
  description TEXT NOT NULL,
  created_at INTEGER NOT NULL,
  updated_at INTEGER NOT NULL,
  UNIQUE (organization, name)
) STRICT;

CREATE TABLE runs (
  number INTEGER PRIMARY KEY AUTOINCREMENT,
  id TEXT NOT NULL UNIQUE,
  configuration_id TEXT NOT NULL REFERENCES configurations (id) ON DELETE CASCADE,
  kind TEXT NOT NULL,
  state TEXT NOT NULL,
  holder TEXT NOT NULL,
  process TEXT,
  started_at INTEGER NOT NULL,
  finished_at INTEGER,
  lease_until INTEGER NOT NULL,
  total INTEGER,
  summary TEXT
) STRICT;
CREATE INDEX runs_of_configuration ON runs (configuration_id, number);
CREATE UNIQUE INDEX runs_lease ON runs (configuration_id) WHERE state = 'running';

-- latest: what is known of this machine under this configuration, over all runs.
CREATE TABLE outcomes (
  run_number INTEGER NOT NULL REFERENCES runs (number) ON DELETE CASCADE,
  machine TEXT NOT NULL,
  configuration_id TEXT NOT NULL,
  latest INTEGER NOT NULL,
  target TEXT NOT NULL,
  name TEXT,
  address TEXT,
  action TEXT NOT NULL,
  class TEXT NOT NULL,
  code TEXT NOT NULL,
  message TEXT NOT NULL,
  hint TEXT,
  version TEXT,
  server TEXT,
  platform TEXT,
  kuid TEXT,
  duration_ms INTEGER NOT NULL,
  has_log INTEGER NOT NULL,
  recorded_at INTEGER NOT NULL,
  PRIMARY KEY (run_number, machine)
) STRICT;
CREATE UNIQUE INDEX outcomes_latest ON outcomes (machine, configuration_id) WHERE latest = 1;
CREATE INDEX outcomes_of_machine ON outcomes (configuration_id, machine, run_number);

-- Apart from the outcomes, so that lists do not read past them.
CREATE TABLE outcome_logs (
  run_number INTEGER NOT NULL,
  machine TEXT NOT NULL,
  log TEXT NOT NULL,
  PRIMARY KEY (run_number, machine),
  FOREIGN KEY (run_number, machine) REFERENCES outcomes (run_number, machine) ON DELETE CASCADE
) STRICT;

CREATE TABLE devices (
  kuid TEXT PRIMARY KEY,
  organization TEXT NOT NULL REFERENCES organizations (name),
  public_key TEXT NOT NULL,
  state TEXT NOT NULL,
  reason TEXT,
  token_id TEXT,
  hostname TEXT NOT NULL,
  full_name TEXT NOT NULL,
  short_name TEXT NOT NULL,
  hello TEXT NOT NULL,
  connection_id TEXT,
  instance_id TEXT,
  connected_since INTEGER,
  last_seen_at INTEGER NOT NULL,
  enrolled_at INTEGER NOT NULL,
  inventory TEXT,
  inventory_at INTEGER
) STRICT;
CREATE INDEX devices_by_full_name ON devices (full_name);
CREATE INDEX devices_by_short_name ON devices (short_name);
CREATE INDEX devices_not_approved ON devices (enrolled_at) WHERE state <> 'approved';

CREATE TABLE device_changes (
  sequence INTEGER PRIMARY KEY AUTOINCREMENT,
  kuid TEXT NOT NULL,
  state TEXT,
  reason TEXT
) STRICT;

CREATE TABLE history (
  sequence INTEGER PRIMARY KEY AUTOINCREMENT,
  at INTEGER NOT NULL,
  who TEXT NOT NULL,
  what TEXT NOT NULL,
  subject TEXT NOT NULL,
  subject_name TEXT NOT NULL,
  changes TEXT NOT NULL
) STRICT;
CREATE INDEX history_of_subject ON history (subject, sequence);

CREATE TABLE server (
  one INTEGER PRIMARY KEY CHECK (one = 1),
  instance_id TEXT NOT NULL,
  name TEXT NOT NULL,
  port INTEGER NOT NULL,
  ca_certificate TEXT,
  canonical_names TEXT NOT NULL,
  version TEXT NOT NULL,
  process TEXT NOT NULL,
  started_at INTEGER NOT NULL,
  heartbeat_at INTEGER NOT NULL,
  stopped INTEGER NOT NULL
) STRICT;

CREATE TABLE api_tokens (
  id TEXT PRIMARY KEY,
  name TEXT NOT NULL UNIQUE,
  fingerprint TEXT NOT NULL UNIQUE,
  created_at INTEGER NOT NULL
) STRICT;
`,
};
