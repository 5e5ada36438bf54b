import type { Migration } from "./migration.ts";

/** Scripts that agents keep, and run at a time of their own. */
export const scriptsForLater: Migration = {
  number: 13,
  sql: `
-- run_at: when its agent begins it by itself; null where the server has it begun. late_seconds: how much later it still
-- may. held_at: since when the agent is known to keep it.
ALTER TABLE tasks ADD COLUMN run_at INTEGER;
ALTER TABLE tasks ADD COLUMN late_seconds INTEGER;
ALTER TABLE tasks ADD COLUMN held_at INTEGER;
CREATE INDEX tasks_for_later ON tasks (kuid, state) WHERE run_at IS NOT NULL;
`,
};
