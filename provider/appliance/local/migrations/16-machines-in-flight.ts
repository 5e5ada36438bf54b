import type { Migration } from "./migration.ts";

/** How many machines a run works on just now. */
export const machinesInFlight: Migration = {
  number: 16,
  sql: `
-- As the one who runs it said last; null where it never did. Of no meaning once nobody holds the run.
ALTER TABLE runs ADD COLUMN in_flight INTEGER;
`,
};
