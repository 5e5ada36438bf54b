import type { Migration } from "./migration.ts";

export const tasks: Migration = {
  number: 7,
  sql: `
-- What the agent said it understands, as JSON; one of before says nothing.
ALTER TABLE devices ADD COLUMN abilities TEXT NOT NULL DEFAULT '[]';

-- Encrypted: a script may hold secrets. Shared by all tasks of one order.
CREATE TABLE task_payloads (
  id TEXT PRIMARY KEY,
  organization TEXT NOT NULL REFERENCES organizations (name) ON DELETE CASCADE,
  sealed TEXT NOT NULL
) STRICT;

-- sent_connection: the connection by which it was sent last. given_up: it ended without a word of its agent.
CREATE TABLE tasks (
  sequence INTEGER PRIMARY KEY AUTOINCREMENT,
  id TEXT NOT NULL UNIQUE,
  organization TEXT NOT NULL REFERENCES organizations (name),
  kuid TEXT NOT NULL REFERENCES devices (kuid) ON DELETE CASCADE,
  type TEXT NOT NULL,
  source_id TEXT NOT NULL,
  payload_id TEXT NOT NULL REFERENCES task_payloads (id),
  state TEXT NOT NULL,
  priority INTEGER NOT NULL,
  timeout_seconds INTEGER NOT NULL,
  throttled INTEGER NOT NULL,
  created_at INTEGER NOT NULL,
  not_before INTEGER NOT NULL,
  expires_at INTEGER NOT NULL,
  sent_at INTEGER,
  sent_connection TEXT,
  started_at INTEGER,
  completed_at INTEGER,
  run_ms INTEGER,
  cancel_requested INTEGER NOT NULL,
  given_up INTEGER NOT NULL,
  exit_code INTEGER,
  note TEXT
) STRICT;
CREATE INDEX tasks_of_device ON tasks (kuid, state);
CREATE INDEX tasks_by_state ON tasks (state, priority, sequence);
CREATE INDEX tasks_by_expiry ON tasks (state, expires_at);
CREATE INDEX tasks_of_source ON tasks (source_id, sequence);
CREATE INDEX tasks_by_end ON tasks (completed_at);
CREATE INDEX tasks_of_payload ON tasks (payload_id);

-- Apart from the tasks, so that lists do not read past them; encrypted and compressed.
CREATE TABLE task_outputs (
  task_id TEXT PRIMARY KEY REFERENCES tasks (id) ON DELETE CASCADE,
  sealed TEXT NOT NULL,
  truncated INTEGER NOT NULL
) STRICT;
`,
};
