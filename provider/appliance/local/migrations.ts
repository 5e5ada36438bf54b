import type { DatabaseSync } from "node:sqlite";

/** One step of the schema, from version `number - 1` to `number`; never changed once it has been released. */
export interface Migration {
  readonly number: number;
  readonly sql: string;
}

/** Moments are whole milliseconds since 1970, booleans 0 or 1, and what is only shown is JSON. */
export const migrations: readonly Migration[] = [
  {
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
  },
  {
    number: 2,
    sql: `
-- What a column does not give is as the defaults are. The row outlives a reset, for those who look for changes.
CREATE TABLE agent_settings (
  organization TEXT PRIMARY KEY REFERENCES organizations (name) ON DELETE CASCADE,
  present INTEGER NOT NULL,
  urn TEXT,
  window_from TEXT,
  window_to TEXT,
  run_interval_seconds INTEGER,
  inventory_interval_seconds INTEGER,
  splash_text TEXT,
  scripting_update_interval_seconds INTEGER,
  log_retention TEXT,
  revision INTEGER NOT NULL,
  updated_at INTEGER NOT NULL
) STRICT;

-- What all organizations share. The revision counts the changes of agent_settings.
CREATE TABLE appliance_settings (
  one INTEGER PRIMARY KEY CHECK (one = 1),
  task_throughput INTEGER,
  task_throughput_at INTEGER,
  max_check_ins_per_hour INTEGER,
  revision INTEGER NOT NULL
) STRICT;
INSERT INTO appliance_settings (one, revision) VALUES (1, 0);
`,
  },
  {
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
  },
  {
    number: 4,
    sql: `
-- sealed: what a run needs with what it logs in with, encrypted. A row is there only while there is a schedule.
CREATE TABLE schedules (
  configuration_id TEXT PRIMARY KEY REFERENCES configurations (id) ON DELETE CASCADE,
  sealed TEXT NOT NULL,
  served_until INTEGER NOT NULL,
  requested_at INTEGER,
  fault TEXT,
  fault_at INTEGER
) STRICT;
`,
  },
  {
    number: 5,
    sql: `
ALTER TABLE organizations ADD COLUMN description TEXT;
ALTER TABLE organizations ADD COLUMN urn TEXT;
ALTER TABLE organizations ADD COLUMN updated_at INTEGER NOT NULL DEFAULT 0;
UPDATE organizations SET updated_at = created_at;
CREATE UNIQUE INDEX organizations_by_urn ON organizations (urn);

-- Those that were made before there were roles could do everything, everywhere.
ALTER TABLE api_tokens ADD COLUMN role TEXT NOT NULL DEFAULT 'admin';
ALTER TABLE api_tokens ADD COLUMN organization TEXT REFERENCES organizations (name);
ALTER TABLE api_tokens ADD COLUMN expires_at INTEGER;
ALTER TABLE api_tokens ADD COLUMN last_used_at INTEGER;

-- Two organizations may have machines of the same address.
CREATE TABLE host_keys_of_organizations (
  organization TEXT NOT NULL REFERENCES organizations (name),
  host TEXT NOT NULL,
  port INTEGER NOT NULL,
  type TEXT NOT NULL,
  key TEXT NOT NULL,
  fingerprint TEXT NOT NULL,
  configuration_id TEXT,
  pinned_at INTEGER NOT NULL,
  PRIMARY KEY (organization, host, port)
) STRICT;
INSERT INTO host_keys_of_organizations
  SELECT coalesce((SELECT organization FROM configurations WHERE id = configuration_id), 'default'),
    host, port, type, key, fingerprint, configuration_id, pinned_at
  FROM host_keys;
DROP TABLE host_keys;
ALTER TABLE host_keys_of_organizations RENAME TO host_keys;

-- Who has shown that they have a content; its hash alone does not give it away.
CREATE TABLE package_owners (
  organization TEXT NOT NULL REFERENCES organizations (name),
  sha256 TEXT NOT NULL,
  PRIMARY KEY (organization, sha256)
) STRICT, WITHOUT ROWID;

-- Of entries about what is gone already it is not known any more; they are shown to those who see everything.
ALTER TABLE history ADD COLUMN organization TEXT;
UPDATE history SET organization = coalesce(
  (SELECT organization FROM tokens WHERE 'token:' || id = subject),
  (SELECT organization FROM bundles WHERE 'bundle:' || id = subject),
  (SELECT organization FROM configurations WHERE 'configuration:' || id = subject),
  (SELECT organization FROM devices WHERE 'device:' || kuid = subject)
);
CREATE INDEX history_of_organization ON history (organization, sequence);
`,
  },
  {
    number: 6,
    sql: `
-- connection_id: of an alert that was sent, the connection it went by; of anything else, the only one it is for.
CREATE TABLE messages (
  sequence INTEGER PRIMARY KEY AUTOINCREMENT,
  id TEXT NOT NULL UNIQUE,
  organization TEXT NOT NULL REFERENCES organizations (name),
  kuid TEXT NOT NULL REFERENCES devices (kuid) ON DELETE CASCADE,
  type TEXT NOT NULL,
  source_id TEXT NOT NULL,
  payload TEXT NOT NULL,
  status TEXT NOT NULL,
  note TEXT,
  connection_id TEXT,
  created_at INTEGER NOT NULL,
  expires_at INTEGER NOT NULL
) STRICT;
CREATE INDEX messages_of_device ON messages (kuid);
CREATE INDEX messages_by_expiry ON messages (expires_at);
CREATE INDEX messages_unsettled ON messages (sequence) WHERE status IN ('pending', 'sent');
`,
  },
  {
    number: 7,
    sql: `
-- What the agent said it understands, as JSON; one of before says nothing.
ALTER TABLE devices ADD COLUMN abilities TEXT NOT NULL DEFAULT '[]';

-- Encrypted: a script may hold secrets. Shared by all tasks of one order.
CREATE TABLE task_payloads (
  id TEXT PRIMARY KEY,
  organization TEXT NOT NULL REFERENCES organizations (name) ON DELETE CASCADE,
  sealed TEXT NOT NULL
) STRICT;

-- sent_connection: the connection by which it was sent last. given_up: it ended without a word of its agent.
CREATE TABLE tasks (
  sequence INTEGER PRIMARY KEY AUTOINCREMENT,
  id TEXT NOT NULL UNIQUE,
  organization TEXT NOT NULL REFERENCES organizations (name),
  kuid TEXT NOT NULL REFERENCES devices (kuid) ON DELETE CASCADE,
  type TEXT NOT NULL,
  source_id TEXT NOT NULL,
  payload_id TEXT NOT NULL REFERENCES task_payloads (id),
  state TEXT NOT NULL,
  priority INTEGER NOT NULL,
  timeout_seconds INTEGER NOT NULL,
  throttled INTEGER NOT NULL,
  created_at INTEGER NOT NULL,
  not_before INTEGER NOT NULL,
  expires_at INTEGER NOT NULL,
  sent_at INTEGER,
  sent_connection TEXT,
  started_at INTEGER,
  completed_at INTEGER,
  run_ms INTEGER,
  cancel_requested INTEGER NOT NULL,
  given_up INTEGER NOT NULL,
  exit_code INTEGER,
  note TEXT
) STRICT;
CREATE INDEX tasks_of_device ON tasks (kuid, state);
CREATE INDEX tasks_by_state ON tasks (state, priority, sequence);
CREATE INDEX tasks_by_expiry ON tasks (state, expires_at);
CREATE INDEX tasks_of_source ON tasks (source_id, sequence);
CREATE INDEX tasks_by_end ON tasks (completed_at);
CREATE INDEX tasks_of_payload ON tasks (payload_id);

-- Apart from the tasks, so that lists do not read past them; encrypted and compressed.
CREATE TABLE task_outputs (
  task_id TEXT PRIMARY KEY REFERENCES tasks (id) ON DELETE CASCADE,
  sealed TEXT NOT NULL,
  truncated INTEGER NOT NULL
) STRICT;
`,
  },
  {
    number: 8,
    sql: `
-- given: what was set, as JSON, with the ids of labels. meaning: which packages the present rollout brings.
CREATE TABLE update_policies (
  organization TEXT PRIMARY KEY REFERENCES organizations (name) ON DELETE CASCADE,
  present INTEGER NOT NULL,
  urn TEXT,
  given TEXT NOT NULL,
  revision INTEGER NOT NULL,
  generation INTEGER NOT NULL,
  began_at INTEGER,
  meaning TEXT NOT NULL,
  held_at INTEGER,
  held_reason TEXT,
  counting_since INTEGER NOT NULL,
  updated_at INTEGER NOT NULL
) STRICT;

-- The last update that a policy began on a device. The task may be forgotten before what became of it.
CREATE TABLE update_attempts (
  kuid TEXT PRIMARY KEY REFERENCES devices (kuid) ON DELETE CASCADE,
  organization TEXT NOT NULL,
  generation INTEGER NOT NULL,
  version TEXT NOT NULL,
  task_id TEXT NOT NULL,
  state TEXT NOT NULL,
  reason TEXT,
  queued_at INTEGER NOT NULL,
  settled_at INTEGER
) STRICT;
CREATE INDEX update_attempts_of_organization ON update_attempts (organization, state);
`,
  },
  {
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
  },
  {
    number: 11,
    sql: `
-- Apart from the devices, so that lists do not read past them. facts: what filters ask for. packed: compressed; those of
-- before are JSON until the next one comes.
CREATE TABLE inventories (
  kuid TEXT PRIMARY KEY REFERENCES devices (kuid) ON DELETE CASCADE,
  facts TEXT NOT NULL,
  packed TEXT NOT NULL
) STRICT;
INSERT INTO inventories (kuid, facts, packed)
SELECT
  kuid,
  json_object(
    'hostname', inventory ->> '$.hostname',
    'agentVersion', inventory ->> '$.agentVersion',
    'os', json(inventory -> '$.os'),
    'addresses', json(inventory -> '$.addresses'),
    'macs', json(inventory -> '$.macs')
  ),
  inventory
FROM devices
WHERE inventory IS NOT NULL;
ALTER TABLE devices DROP COLUMN inventory;
`,
  },
];

/** Brings a database to the newest version; to be called within a transaction, which takes all of it or nothing. */
export function migrate(database: DatabaseSync, from: number, steps: readonly Migration[]): void {
  for (const { number, sql } of steps) {
    if (number <= from) continue;
    database.exec(sql);
    database.exec(`PRAGMA user_version = ${number}`);
  }
}

/** The version that a list of migrations leads to. */
export function newest(steps: readonly Migration[]): number {
  return steps.at(-1)?.number ?? 0;
}
