import type { Migration } from "./migration.ts";

export const messages: Migration = {
  number: 6,
  sql: `
-- connection_id: of an alert that was sent, the connection it went by; of anything else, the only one it is for.
CREATE TABLE messages (
  sequence INTEGER PRIMARY KEY AUTOINCREMENT,
  id TEXT NOT NULL UNIQUE,
  organization TEXT NOT NULL REFERENCES organizations (name),
  kuid TEXT NOT NULL REFERENCES devices (kuid) ON DELETE CASCADE,
  type TEXT NOT NULL,
  source_id TEXT NOT NULL,
  payload TEXT NOT NULL,
  status TEXT NOT NULL,
  note TEXT,
  connection_id TEXT,
  created_at INTEGER NOT NULL,
  expires_at INTEGER NOT NULL
) STRICT;
CREATE INDEX messages_of_device ON messages (kuid);
CREATE INDEX messages_by_expiry ON messages (expires_at);
CREATE INDEX messages_unsettled ON messages (sequence) WHERE status IN ('pending', 'sent');
`,
};
