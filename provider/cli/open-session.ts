import { mkdtemp, rm } from "node:fs/promises";
import { homedir, tmpdir } from "node:os";
import { join } from "node:path";
import type { Appliance } from "../appliance/appliance.ts";
import { databaseFolder, openAppliance, parseEndpoint } from "../appliance/configuration.ts";
import type { Terminal } from "./output.ts";
import type { CommandSession } from "./session.ts";
import { certificatesFrom } from "./text-file.ts";

/** The options that every command has. */
export interface GlobalOptions {
  readonly endpoint: string;
  readonly database?: string;
  readonly caCertificate?: string;
  readonly organization?: string;
  readonly json: boolean;
}

/** What names the file: the variable may have been set long ago. */
const CA_CERTIFICATE = "--ca-certificate or KACE_CA_CERTIFICATE";

/** How an appliance is opened for one piece of work. */
interface Mode {
  readonly readOnly: boolean;
  readonly mustExist: boolean;
}

/** The folder of the local appliance. @throws ApplianceError `invalid` for one that is relative */
export function folderOfAppliance(database: string | undefined, env: NodeJS.ProcessEnv): string {
  return databaseFolder(database, { platform: process.platform, env, home: homedir() });
}

/** What a command works with: the appliance is opened for each piece of its work. */
export function sessionOf(
  options: GlobalOptions,
  world: { readonly terminal: Terminal; readonly environment: NodeJS.ProcessEnv; readonly signal: AbortSignal },
): CommandSession {
  const { terminal, environment, signal } = world;
  const { endpoint, database, caCertificate, organization, json } = options;
  const using = async <T>(work: (appliance: Appliance) => Promise<T>, mode: Mode): Promise<T> => {
    const authority = caCertificate ? await certificatesFrom(caCertificate, CA_CERTIFICATE) : undefined;
    const place = mode.readOnly || mode.mustExist ? undefined : await placeOfNew(options, environment);
    if (place !== undefined) await tryOut(work, organization);
    const appliance = await openAppliance({
      endpoint,
      database,
      apiToken: environment.KACE_API_TOKEN,
      caCertificate: authority,
      organization,
      ...mode,
    });
    if (place !== undefined) terminal.err(`made a new appliance in ${place}`);
    try {
      return await work(appliance);
    } finally {
      await appliance.close();
    }
  };
  return {
    terminal,
    json,
    signal,
    read: (work, without) => using(work, { readOnly: true, mustExist: without !== "goes on" }),
    write: (work, without) => using(work, { readOnly: false, mustExist: without !== "goes on" }),
  };
}

/** Does work on a new appliance that goes again: what is refused of it is refused before one is made that stays. */
async function tryOut(work: (appliance: Appliance) => Promise<unknown>, organization: string | undefined) {
  const database = await mkdtemp(join(tmpdir(), "kace-new-"));
  try {
    const appliance = await openAppliance({ database, organization });
    try {
      await work(appliance);
    } finally {
      await appliance.close();
    }
  } finally {
    await rm(database, { recursive: true, force: true });
  }
}

/** The folder of the local appliance where it has none: who mistyped it sees that. */
async function placeOfNew({ endpoint, database }: GlobalOptions, env: NodeJS.ProcessEnv): Promise<string | undefined> {
  if (parseEndpoint(endpoint).kind !== "local") return undefined;
  const folder = folderOfAppliance(database, env);
  const { hasAppliance } = await import("../appliance/local/database.ts");
  return hasAppliance(folder) ? undefined : folder;
}
