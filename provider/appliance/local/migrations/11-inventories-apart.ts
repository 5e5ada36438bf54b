import type { Migration } from "./migration.ts";

export const inventoriesApart: Migration = {
  number: 11,
  sql: `
-- Apart from the devices, so that lists do not read past them. facts: what filters ask for. packed: compressed; those of
-- before are JSON until the next one comes.
CREATE TABLE inventories (
  kuid TEXT PRIMARY KEY REFERENCES devices (kuid) ON DELETE CASCADE,
  facts TEXT NOT NULL,
  packed TEXT NOT NULL
) STRICT;
INSERT INTO inventories (kuid, facts, packed)
SELECT
  kuid,
  json_object(
    'hostname', inventory ->> '$.hostname',
    'agentVersion', inventory ->> '$.agentVersion',
    'os', json(inventory -> '$.os'),
    'addresses', json(inventory -> '$.addresses'),
    'macs', json(inventory -> '$.macs')
  ),
  inventory
FROM devices
WHERE inventory IS NOT NULL;
ALTER TABLE devices DROP COLUMN inventory;
`,
};
