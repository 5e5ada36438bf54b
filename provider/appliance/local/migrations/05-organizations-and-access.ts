import type { Migration } from "./migration.ts";

export const organizationsAndAccess: Migration = {
  number: 5,
  sql: `
ALTER TABLE organizations ADD COLUMN description TEXT;
ALTER TABLE organizations ADD COLUMN urn TEXT;
ALTER TABLE organizations ADD COLUMN updated_at INTEGER NOT NULL DEFAULT 0;
UPDATE organizations SET updated_at = created_at;
CREATE UNIQUE INDEX organizations_by_urn ON organizations (urn);

-- Those that were made before there were roles could do everything, everywhere.
ALTER TABLE api_tokens ADD COLUMN role TEXT NOT NULL DEFAULT 'admin';
ALTER TABLE api_tokens ADD COLUMN organization TEXT REFERENCES organizations (name);
ALTER TABLE api_tokens ADD COLUMN expires_at INTEGER;
ALTER TABLE api_tokens ADD COLUMN last_used_at INTEGER;

-- Two organizations may have machines of the same address.
CREATE TABLE host_keys_of_organizations (
  organization TEXT NOT NULL REFERENCES organizations (name),
  host TEXT NOT NULL,
  port INTEGER NOT NULL,
  type TEXT NOT NULL,
  key TEXT NOT NULL,
  fingerprint TEXT NOT NULL,
  configuration_id TEXT,
  pinned_at INTEGER NOT NULL,
  PRIMARY KEY (organization, host, port)
) STRICT;
INSERT INTO host_keys_of_organizations
  SELECT coalesce((SELECT organization FROM configurations WHERE id = configuration_id), 'default'),
    host, port, type, key, fingerprint, configuration_id, pinned_at
  FROM host_keys;
DROP TABLE host_keys;
ALTER TABLE host_keys_of_organizations RENAME TO host_keys;

-- Who has shown that they have a content; its hash alone does not give it away.
CREATE TABLE package_owners (
  organization TEXT NOT NULL REFERENCES organizations (name),
  sha256 TEXT NOT NULL,
  PRIMARY KEY (organization, sha256)
) STRICT, WITHOUT ROWID;

-- Of entries about what is gone already it is not known any more; they are shown to those who see everything.
ALTER TABLE history ADD COLUMN organization TEXT;
UPDATE history SET organization = coalesce(
  (SELECT organization FROM tokens WHERE 'token:' || id = subject),
  (SELECT organization FROM bundles WHERE 'bundle:' || id = subject),
  (SELECT organization FROM configurations WHERE 'configuration:' || id = subject),
  (SELECT organization FROM devices WHERE 'device:' || kuid = subject)
);
CREATE INDEX history_of_organization ON history (organization, sequence);
`,
};
