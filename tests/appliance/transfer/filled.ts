import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { ownCertificate } from "../../../provider/appliance/certificates/own.ts";
import { openLocal } from "../../../provider/appliance/local/local.ts";
import { fill, KUIDS } from "../../cli/filled.ts";

/** What must be found again, and in no file where it could be read. */
export const SECRETS = { token: "token-value-canary-0001", logIn: "log-in-canary-0002" } as const;

export const PACKAGE = Buffer.from("the content of a package");
export const PACKAGE_SHA256 = createHash("sha256").update(PACKAGE).digest("hex");

/** An appliance that has something of everything; gives the value of its API token. */
export async function fillAll(folder: string): Promise<{ readonly apiToken: string }> {
  await fill(folder);
  const appliance = await openLocal({ folder });
  try {
    await appliance.createOrganization({ name: "berlin", description: "The plant in Berlin" });
    await appliance.updateSettings({ runIntervalSeconds: 7_200, splashText: "Bitte warten" });
    await appliance.saveLabel({ name: "web", machines: ["web01", "web09"] });
    await appliance.saveQuarantineDecision({
      name: "ours",
      verdict: "approve",
      rule: { all: [{ property: "hostname", operator: "matches", value: "ours*" }] },
    });
    await appliance.putPackage(PACKAGE_SHA256, PACKAGE.length, once(PACKAGE));
    await appliance.saveBundle({
      name: "agents",
      version: "1.4.2",
      flavour: "reference",
      packages: [
        {
          fileName: "kace-reference-agent_1.4.2_amd64.deb",
          platform: "linux",
          architecture: "amd64",
          format: "deb",
          version: "1.4.2",
          sha256: PACKAGE_SHA256,
          sizeBytes: PACKAGE.length,
        },
      ],
    });
    await appliance.saveConfiguration({
      id: "config-2",
      name: "nightly",
      description: { targets: "10.0.0.1", schedule: { every: "day", at: "02:30" }, inputs: "{}" },
      runInputs: JSON.stringify({ linux: { password: SECRETS.logIn } }),
    });
    await appliance.sendMessage({ kuids: [KUIDS.web01], type: "alert", payload: "maintenance at six" });
    const { value } = await appliance.createApiToken({ name: "pipeline", role: "operator" });
    mkdirSync(join(folder, "certificates"), { recursive: true, mode: 0o700 });
    await ownCertificate({ folder: join(folder, "certificates"), names: ["localhost"], now: Date.now() });
    return { apiToken: value };
  } finally {
    await appliance.close();
  }
}

async function* once(content: Buffer): AsyncGenerator<Uint8Array> {
  yield content;
}

/** All rows of all tables, as text; but for tables and for rows that a take-over is to change. */
export function rowsOf(folder: string, without: readonly string[] = []): Record<string, string[]> {
  const database = new DatabaseSync(join(folder, "appliance.db"));
  try {
    const tables = database
      .prepare("SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%' ORDER BY name")
      .all()
      .map(({ name }) => String(name))
      .filter((name) => !["server", "device_changes", ...without].includes(name));
    const rows = (table: string) =>
      database
        .prepare(`SELECT * FROM "${table}" ${table === "history" ? "WHERE what NOT IN ('restore', 'import')" : ""}`)
        .all()
        .map((row) => JSON.stringify(row))
        .sort();
    return Object.fromEntries(tables.map((table) => [table, rows(table)]));
  } finally {
    database.close();
  }
}

/** The contents of the files below a folder's part, by name. */
export function filesOf(folder: string, part: string): Record<string, string> {
  const path = join(folder, part);
  if (!existsSync(path)) return {};
  return Object.fromEntries(readdirSync(path).map((name) => [name, readFileSync(join(path, name), "latin1")]));
}
