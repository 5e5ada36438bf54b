import type { Migration } from "./migration.ts";

/** When the packages of a bundle came, which may be others than those that it was made with. */
export const bundleContentAt: Migration = {
  number: 17,
  sql: `
ALTER TABLE bundles ADD COLUMN content_at INTEGER NOT NULL DEFAULT 0;
UPDATE bundles SET content_at = coalesce(downloaded_at, created_at);
`,
};
