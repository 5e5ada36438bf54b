import { type AgentPackage, compareVersions, readPackageName, serverText } from "../agent/agent.ts";
import { CA_FILE, type InstallerForm } from "../agent/installers/form.ts";
import { installerForms } from "../agent/installers/forms.ts";
import type { Appliance } from "../appliance/appliance.ts";
import { everyPage } from "../appliance/every-page.ts";
import { packagePath } from "../appliance/http.ts";
import type { Bundle } from "../appliance/operations/bundles.ts";
import { shellWord } from "../appliance/shell-word.ts";
import { ProviderError } from "../kit/define/errors.ts";

/** What an installer is wanted for. */
export interface WantedInstaller {
  readonly platform: AgentPackage["platform"];
  readonly format?: string | undefined;
  readonly architecture: string;
  /** The exact version; absent: the newest that is loaded. */
  readonly version?: string | undefined;
  /** The id of a bundle; absent: all that are loaded. */
  readonly bundle?: string | undefined;
  readonly server?: { readonly name?: string | undefined; readonly port?: number | undefined } | undefined;
  readonly token?: string | undefined;
}

/** An installer, where its package is, and every way to tell it its server and its token. */
export interface AgentInstaller {
  readonly bundle: string;
  readonly flavour: string;
  readonly version: string;
  readonly format: string;
  readonly architecture: string;
  /** Of the package, as the appliance has it: without server and token. */
  readonly fileName: string;
  readonly sha256: string;
  readonly sizeBytes: number;
  /** Where the package is to be had, with an API token; absent where no server ever ran. */
  readonly url: string | undefined;
  /** `host:port`, as agents are told. */
  readonly server: string;
  /** PEM, for {@link caFile}; absent where machines trust the server by themselves. */
  readonly caCertificate: string | undefined;
  /** What the certificate is to be called beside the package. */
  readonly caFile: string | undefined;
  readonly forms: readonly InstallerForm[];
}

const AGENT_PORT = 443;

/**
 * Finds the package for a kind of machine among the bundles that are loaded, and says how it is installed by hand.
 * @throws ProviderError in words for people where there is none, or where there is nothing to connect to
 */
export async function agentInstaller(wanted: WantedInstaller, appliance: Appliance): Promise<AgentInstaller> {
  const { bundle, file } = await packageOf(wanted, appliance);
  const status = await appliance.serverStatus({});
  const host = wanted.server?.name ?? status.name;
  if (host === undefined)
    throw refused(["server"], "agents have no server to connect to: none ever ran on this appliance", "name one");
  const isOwn = wanted.server?.name === undefined || host.toLowerCase() === status.name?.toLowerCase();
  const port = wanted.server?.port ?? (isOwn ? status.port : undefined) ?? AGENT_PORT;
  await requireValid(wanted.token, isOwn, appliance);
  const caCertificate = isOwn && bundle.flavour === "reference" ? status.caCertificate : undefined;
  const ways = installerForms(bundle.flavour, {
    package: file,
    host,
    port,
    token: wanted.token,
    hasCaFile: caCertificate !== undefined,
  });
  if ("refused" in ways) throw refused(["server"], ways.refused, "give `server` its name and port");
  return {
    bundle: bundle.id,
    flavour: bundle.flavour,
    version: file.version,
    format: file.format,
    architecture: file.architecture,
    fileName: file.fileName,
    sha256: file.sha256,
    sizeBytes: file.sizeBytes,
    url: status.name === undefined ? undefined : `https://${status.name}:${status.port}${packagePath(file.sha256)}`,
    server: serverText({ host, port }),
    caCertificate,
    caFile: caCertificate === undefined ? undefined : CA_FILE,
    forms: ways.forms,
  };
}

/** A token that would let nobody in is found here, and not on each machine. */
async function requireValid(token: string | undefined, isOwn: boolean, appliance: Appliance): Promise<void> {
  if (token === undefined || !isOwn) return;
  const { status, name } = await appliance.checkToken({ value: token });
  if (status === "valid") return;
  throw refused(["token"], `the token${name === undefined ? "" : ` ${name}`} is ${status}`, "give another one");
}

async function packageOf(
  wanted: WantedInstaller,
  appliance: Appliance,
): Promise<{ readonly bundle: Bundle; readonly file: AgentPackage }> {
  const loaded = await everyPage(async (after) => {
    const { bundles: items, next } = await appliance.listBundles({ loaded: true, limit: 1_000, after });
    return { items, next };
  });
  const bundles = loaded.filter((bundle) => wanted.bundle === undefined || isBundle(bundle, wanted.bundle));
  if (bundles.length === 0) throw await noBundle(wanted.bundle, appliance);
  const all = bundles.flatMap((bundle) =>
    bundle.packages.flatMap(({ fileName, sha256, sizeBytes }) => {
      const named = readPackageName(fileName)?.named;
      return named === undefined ? [] : [{ bundle, file: { ...named, sha256, sizeBytes } }];
    }),
  );
  let [before, left, wrong]: [typeof all, typeof all, keyof WantedInstaller] = [all, all, "bundle"];
  for (const [word, fits] of narrowing(wanted)) {
    [before, left, wrong] = [left, left.filter(({ file }) => fits(file)), word];
    if (left.length === 0) break;
  }
  const [best] = left.sort((one, other) => compareVersions(other.file.version, one.file.version));
  if (best !== undefined) return best;
  const what = [wanted.platform, wanted.architecture, wanted.format, wanted.version].filter(Boolean).join(" ");
  throw refused(
    [wrong],
    `no loaded bundle has a package for ${what}; there is ${alternatives(all, wrong === "version" ? before : [])}`,
    LOAD_ONE,
  );
}

/** What each word asks of a package: the first with which none is left is the wrong one. */
function narrowing({
  platform,
  architecture,
  format,
  version,
}: WantedInstaller): readonly (readonly [keyof WantedInstaller, (file: AgentPackage) => boolean])[] {
  return [
    ["platform", (file) => file.platform === platform],
    ["architecture", (file) => file.architecture === architecture || file.architecture === "all"],
    ["format", (file) => format === undefined || file.format === format],
    ["version", (file) => version === undefined || compareVersions(file.version, version) === 0],
  ];
}

const LOAD_ONE = "`kace bundle list` shows what there is, and `kace bundle load <name>` loads one";

/** Whether a bundle is meant by a name or an id. */
function isBundle({ id, name }: Bundle, nameOrId: string): boolean {
  return id === nameOrId || name === nameOrId;
}

async function noBundle(nameOrId: string | undefined, appliance: Appliance): Promise<ProviderError> {
  const { bundles } = await appliance.listBundles({ loaded: false, limit: 1_000 });
  if (nameOrId === undefined) return refused(["bundle"], "no bundle is loaded", LOAD_ONE);
  const found = bundles.find((bundle) => isBundle(bundle, nameOrId));
  if (found === undefined) return refused(["bundle"], `there is no bundle ${nameOrId}`, LOAD_ONE);
  const { name } = found;
  return refused(["bundle"], `the bundle "${name}" is not loaded`, `\`kace bundle load ${shellWord(name)}\` loads it`);
}

/** Where only the version is wrong, the versions there are; else the files. */
function alternatives(
  all: readonly { readonly file: AgentPackage }[],
  otherVersions: readonly { readonly file: AgentPackage }[],
): string {
  const words =
    otherVersions.length > 0
      ? otherVersions.map(({ file }) => file.version).sort(compareVersions)
      : all.map(({ file }) => file.fileName).sort();
  return [...new Set(words)].join(", ");
}

function refused(path: readonly string[], message: string, hint: string): ProviderError {
  return new ProviderError({ code: "failed-precondition", path, message, hint });
}
