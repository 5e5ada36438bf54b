import type { Migration } from "./migration.ts";

export const schedules: Migration = {
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
};
