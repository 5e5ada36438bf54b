import type { Migration } from "./migration.ts";

export const settings: Migration = {
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
};
