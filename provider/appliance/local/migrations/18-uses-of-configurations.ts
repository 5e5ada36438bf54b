import type { Migration } from "./migration.ts";

/**
 * What is not to be deleted beneath a configuration: the bundle that it names, and the token that it brings, which is
 * known from its next update on.
 */
export const usesOfConfigurations: Migration = {
  number: 18,
  sql: `
ALTER TABLE configurations ADD COLUMN token_fingerprint TEXT;
UPDATE configurations
SET description = json_set(description, '$.bundle', json_extract(json_extract(description, '$.inputs'), '$.agent.bundle'))
WHERE json_extract(json_extract(description, '$.inputs'), '$.agent.bundle') IS NOT NULL;
`,
};
