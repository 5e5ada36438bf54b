import { createWriteStream } from "node:fs";
import { chmod, mkdir, rename, rm, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { pipeline } from "node:stream/promises";
import type { Appliance } from "../../appliance/appliance.ts";
import { ApplianceError } from "../../appliance/errors.ts";
import { ProviderError } from "../../kit/define/errors.ts";
import { type AgentInstaller, agentInstaller, type WantedInstaller } from "../../rollout/agent-installer.ts";
import { CommandError, type CommandSession, type ExitCode, UsageError } from "../session.ts";
import { requireFolderOf } from "../text-file.ts";
import { tokenIn } from "../token-file.ts";

/** What `kace installer` is told. */
export interface InstallerArguments {
  readonly platform: WantedInstaller["platform"];
  readonly format?: string | undefined;
  readonly architecture: string;
  readonly agentVersion?: string | undefined;
  readonly bundle?: string | undefined;
  readonly server?: string | undefined;
  readonly serverPort?: number | undefined;
  readonly tokenFile?: string | undefined;
  readonly form: AgentInstaller["forms"][number]["form"];
  readonly out?: string | undefined;
}

/** Prints the commands that install an agent by hand; with `out` the package is fetched, under the name that it needs. */
export async function installerCommand(session: CommandSession, given: InstallerArguments): Promise<ExitCode> {
  const token = given.tokenFile === undefined ? undefined : await tokenIn(given.tokenFile);
  const wanted: WantedInstaller = {
    platform: given.platform,
    format: given.format,
    architecture: given.architecture,
    version: given.agentVersion,
    bundle: given.bundle,
    server: { name: given.server, port: given.serverPort },
    token,
  };
  const { terminal, json } = session;
  const installer = await session.read(async (appliance) => {
    const found = await explained(given, () => agentInstaller(wanted, appliance));
    if (given.out !== undefined) await fetchInto(given.out, found, wayOf(found, given.form).fileName, appliance);
    return found;
  });
  const { commands, fileName, note } = wayOf(installer, given.form);
  if (json) {
    terminal.out(JSON.stringify(installer, undefined, 2));
    return 0;
  }
  if (given.out !== undefined) terminal.err(`put ${fileName}${caNote(installer)} into ${given.out}`);
  else terminal.err(`the package: ${installer.fileName}, SHA-256 ${installer.sha256}; --out fetches it`);
  if (note !== undefined) terminal.err(note);
  for (const command of commands) terminal.out(command);
  return 0;
}

function caNote({ caFile }: AgentInstaller): string {
  return caFile === undefined ? "" : ` and ${caFile}`;
}

function wayOf({ forms }: AgentInstaller, form: InstallerArguments["form"]): AgentInstaller["forms"][number] {
  const way = forms.find((one) => one.form === form);
  if (way !== undefined) return way;
  throw new UsageError(
    `this package cannot be told by ${form === "fileName" ? "the name of its file" : form}`,
    `--form ${forms.map((one) => one.form).join(" or ")}`,
  );
}

/** The content is checked by whoever opens it; a file is there whole or not at all. */
async function fetchInto(
  folder: string,
  { sha256, caFile, caCertificate }: AgentInstaller,
  fileName: string,
  appliance: Appliance,
): Promise<void> {
  await requireFolderOf(folder, "--out");
  await makeFolder(folder);
  const draft = join(folder, `.${sha256}.part`);
  try {
    const { stream } = await contentOf(sha256, appliance);
    await pipeline(stream, createWriteStream(draft, { mode: 0o600 }));
    await chmod(draft, 0o600);
    await rename(draft, join(folder, fileName));
  } finally {
    await rm(draft, { force: true });
  }
  if (caFile !== undefined && caCertificate !== undefined) await writeFile(join(folder, caFile), caCertificate);
}

/** No word of the command names a content: it is the appliance that has lost it. */
async function contentOf(sha256: string, appliance: Appliance) {
  try {
    return await appliance.openPackage(sha256);
  } catch (error) {
    if (error instanceof ApplianceError && error.code === "not-found")
      throw new CommandError(error.message, error.hint);
    throw error;
  }
}

/** Makes the folder itself and none above it: a path with a mistake in it is not made. */
async function makeFolder(folder: string): Promise<void> {
  try {
    await mkdir(folder);
  } catch (error) {
    if (!(error instanceof Error)) throw error;
    const { code } = error as NodeJS.ErrnoException; // what node:fs throws has one
    if (code !== "EEXIST") throw new CommandError(`the folder ${folder} cannot be made: ${error.message}`);
    if (!(await stat(folder)).isDirectory()) throw new UsageError(`--out: ${folder} is no folder`, "name another one");
  }
}

/** What the words ask for and is not there is wrong usage; that nothing at all is loaded, or served, is not. */
async function explained<T>({ bundle, server }: InstallerArguments, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof ProviderError)) throw error;
    const [about] = error.path ?? [];
    const isUnnamed = (about === "bundle" && bundle === undefined) || (about === "server" && server === undefined);
    throw new (isUnnamed ? CommandError : UsageError)(error.message, error.hint);
  }
}
