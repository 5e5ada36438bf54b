import type { Migration } from "./migration.ts";

export const factsInColumns: Migration = {
  number: 15,
  sql: `
-- What is asked of every device at once, beside what tells it from the others: its rows are read one after the other, and
-- JSON that most of them have alike is read once. agent: the version and the kind of its agent, and its system. reported_…:
-- the same as its last inventory says it, with its host name and the first of its addresses; null where there is none.
ALTER TABLE devices ADD COLUMN agent TEXT NOT NULL DEFAULT '{}';
ALTER TABLE devices ADD COLUMN reported_hostname TEXT;
ALTER TABLE devices ADD COLUMN reported_address TEXT;
ALTER TABLE devices ADD COLUMN reported_agent TEXT;
UPDATE devices SET
  agent = json_object(
    'agentVersion', hello ->> '$.agentVersion',
    'flavour', hello ->> '$.flavour',
    'os', json(hello -> '$.os')
  ),
  hello = json_remove(hello, '$.agentVersion', '$.flavour', '$.os');
UPDATE devices SET
    reported_hostname = facts ->> '$.hostname',
    reported_address = facts ->> '$.address',
    reported_agent = json_object('agentVersion', facts ->> '$.agentVersion', 'os', json(facts -> '$.os'))
  FROM device_facts
  WHERE device_facts.kuid = devices.kuid;
DROP TABLE device_facts;

-- A machine is named by its identity in whatever case.
CREATE INDEX devices_by_kuid ON devices (kuid COLLATE NOCASE);
`,
};
