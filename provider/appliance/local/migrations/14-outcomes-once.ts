import type { Migration } from "./migration.ts";

export const outcomesOnce: Migration = {
  number: 14,
  sql: `
-- A fleet that is looked at every day says the same every day: what was said is kept once, and each run names it.
CREATE TABLE outcome_machines (
  number INTEGER PRIMARY KEY,
  configuration_id TEXT NOT NULL REFERENCES configurations (id) ON DELETE CASCADE,
  machine TEXT NOT NULL,
  UNIQUE (configuration_id, machine)
) STRICT;
CREATE INDEX outcome_machines_by_machine ON outcome_machines (machine, configuration_id);

CREATE TABLE outcome_facts (
  number INTEGER PRIMARY KEY,
  machine_number INTEGER NOT NULL REFERENCES outcome_machines (number) ON DELETE CASCADE,
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
  kuid TEXT
) STRICT;
CREATE INDEX outcome_facts_of_machine ON outcome_facts (machine_number);

-- The logs that were recorded together, compressed together: JSON of pairs of a machine and its log. Those
-- of before are text.
CREATE TABLE outcome_log_packs (
  number INTEGER PRIMARY KEY,
  run_number INTEGER NOT NULL REFERENCES runs (number) ON DELETE CASCADE,
  packed ANY NOT NULL
) STRICT;
CREATE INDEX outcome_log_packs_of_run ON outcome_log_packs (run_number);

-- latest: what is known of this machine under this configuration, over all runs. fact_number and log_pack are not
-- declared as references: to see for each that goes that nobody needs it would take an index of its own.
CREATE TABLE outcomes_of_runs (
  run_number INTEGER NOT NULL REFERENCES runs (number) ON DELETE CASCADE,
  machine_number INTEGER NOT NULL REFERENCES outcome_machines (number) ON DELETE CASCADE,
  fact_number INTEGER NOT NULL,
  latest INTEGER NOT NULL,
  duration_ms INTEGER NOT NULL,
  recorded_at INTEGER NOT NULL,
  log_pack INTEGER,
  PRIMARY KEY (run_number, machine_number)
) STRICT, WITHOUT ROWID;

INSERT INTO outcome_machines (configuration_id, machine)
  SELECT DISTINCT configuration_id, machine FROM outcomes ORDER BY configuration_id, machine;
INSERT INTO outcome_facts
    (machine_number, target, name, address, action, class, code, message, hint, version, server, platform, kuid)
  SELECT DISTINCT m.number, target, name, address, action, class, code, message, hint, version, server, platform, kuid
  FROM outcomes AS o JOIN outcome_machines AS m ON m.configuration_id = o.configuration_id AND m.machine = o.machine;
INSERT INTO outcome_log_packs (run_number, packed)
  SELECT run_number, json_array(json_array(machine, log)) FROM outcome_logs ORDER BY run_number, machine;
INSERT INTO outcomes_of_runs (run_number, machine_number, fact_number, latest, duration_ms, recorded_at, log_pack)
  SELECT o.run_number, m.number, f.number, o.latest, o.duration_ms, o.recorded_at, p.number
  FROM outcomes AS o
  JOIN outcome_machines AS m ON m.configuration_id = o.configuration_id AND m.machine = o.machine
  JOIN outcome_facts AS f ON f.machine_number = m.number AND f.target = o.target AND f.name IS o.name
    AND f.address IS o.address AND f.action = o.action AND f.class = o.class AND f.code = o.code
    AND f.message = o.message AND f.hint IS o.hint AND f.version IS o.version AND f.server IS o.server
    AND f.platform IS o.platform AND f.kuid IS o.kuid
  -- Of each log its pack, which has no other.
  LEFT JOIN (
    SELECT number, run_number, packed ->> '$[0][0]' AS machine FROM outcome_log_packs
  ) AS p ON p.run_number = o.run_number AND p.machine = o.machine AND o.has_log = 1;
DROP TABLE outcome_logs;
DROP TABLE outcomes;
ALTER TABLE outcomes_of_runs RENAME TO outcomes;
CREATE UNIQUE INDEX outcomes_latest ON outcomes (machine_number) WHERE latest = 1;
CREATE INDEX outcomes_of_machine ON outcomes (machine_number, run_number, fact_number);

-- What filters ask for, apart from the inventories, whose rows are long; address: the first one. Addresses, of which there
-- may be many, are apart again, since few filters ask for them.
CREATE TABLE device_facts (
  kuid TEXT PRIMARY KEY REFERENCES devices (kuid) ON DELETE CASCADE,
  facts TEXT NOT NULL
) STRICT, WITHOUT ROWID;
CREATE TABLE device_addresses (
  kuid TEXT PRIMARY KEY REFERENCES devices (kuid) ON DELETE CASCADE,
  addresses TEXT NOT NULL
) STRICT;
INSERT INTO device_facts (kuid, facts)
  SELECT
    kuid,
    json_set(json_remove(facts, '$.addresses', '$.macs', '$.isPart'), '$.address', facts ->> '$.addresses[0]')
  FROM inventories;
INSERT INTO device_addresses (kuid, addresses)
  SELECT
    kuid,
    json_object(
      'addresses', json(facts -> '$.addresses'),
      'macs', json(facts -> '$.macs'),
      'isPart', json(coalesce(facts -> '$.isPart', 'false'))
    )
  FROM inventories;

-- Bytes instead of text take three quarters of the room. Those of before stay in packed until the next one comes.
UPDATE inventories SET facts = '';
ALTER TABLE inventories ADD COLUMN content BLOB;
`,
};
