import type { Migration } from "./migration.ts";

export const authorities: Migration = {
  number: 12,
  sql: `
-- authorities: those that the server announces, as JSON. authority_wish: what it was asked to do with them.
ALTER TABLE server ADD COLUMN authorities TEXT NOT NULL DEFAULT '[]';
ALTER TABLE server ADD COLUMN switch_over_at INTEGER;
ALTER TABLE server ADD COLUMN makes_authorities INTEGER NOT NULL DEFAULT 0;
ALTER TABLE server ADD COLUMN authority_wish TEXT;

-- The authorities that the agent said it trusts, by their SHA-256, as JSON; null where it knows nothing of that.
ALTER TABLE devices ADD COLUMN trusts TEXT;
`,
};
