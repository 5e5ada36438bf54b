import type { Migration } from "./migration.ts";

export const updatePolicies: Migration = {
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
};
