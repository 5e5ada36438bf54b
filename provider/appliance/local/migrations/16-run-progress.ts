import type { Migration } from "./migration.ts";

/** How far a run is that goes on. */
export const runProgress: Migration = {
  number: 16,
  sql: `
-- As the one who runs it said last; null where it never did. in_flight: machines it works on just now, of no meaning once
-- nobody holds the run. absent: addresses where nobody is, of which there are no outcomes.
ALTER TABLE runs ADD COLUMN in_flight INTEGER;
ALTER TABLE runs ADD COLUMN absent INTEGER;
`,
};
