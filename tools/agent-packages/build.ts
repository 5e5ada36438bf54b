import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { cacheFolder } from "../cache/folder.ts";
import { type Say, sayOnStderr } from "../process/say.ts";
import { benchDefinition } from "./bench.ts";
import { cachedFolder } from "./cached-folder.ts";
import {
  ARCHITECTURES,
  type Architecture,
  checkVersion,
  PACKAGE_FORMATS,
  type PackageDefinition,
  type PackageFormat,
} from "./definition.ts";
import { digestOf, digestOfFolder } from "./digest.ts";
import { describePackage, type PackageFile, pack } from "./pack.ts";
import { referenceDefinition } from "./reference.ts";
import { breakOnPurpose, type Variant } from "./variants.ts";

export type { Architecture, PackageFormat } from "./definition.ts";
export type { PackageFile } from "./pack.ts";
export { VARIANTS, type Variant } from "./variants.ts";

/** Which packages: the reference agent's, whole (default) or broken on purpose; or a payload for benchmarks. */
export type FlavourOptions =
  | { readonly flavour: "reference"; readonly variant?: Variant }
  | { readonly flavour: "bench"; readonly payloadBytes: number };

export type AgentPackagesOptions = {
  /** Two to four numbers: `1.4.2`. */
  readonly version: string;
  /** Default: amd64 and arm64. */
  readonly architectures?: readonly Architecture[];
  /** Default: deb, rpm and tar.gz. */
  readonly formats?: readonly PackageFormat[];
  readonly flavourOptions?: FlavourOptions;
  readonly say?: Say;
  /** The folder that keeps what was built. Default: one in the user's cache folder. */
  readonly cache?: string;
};

/**
 * Builds packages of an agent, or takes them from the cache folder: what was built from the same sources is never built
 * again, and two builds at once are safe. The first build on a machine takes a minute or two, another version seconds.
 *
 * @throws RangeError for a version that dpkg and rpm would not understand alike
 * @throws Error when Go cannot be had or a build fails
 * @example const [deb] = await agentPackages({ version: "1.4.2", architectures: ["amd64"], formats: ["deb"] });
 */
export async function agentPackages(options: AgentPackagesOptions): Promise<PackageFile[]> {
  checkVersion(options.version);
  const { version, flavourOptions = { flavour: "reference" }, say = sayOnStderr, cache = packagesCache() } = options;
  const packages: PackageFile[] = [];
  for (const architecture of options.architectures ?? ARCHITECTURES) {
    for (const format of options.formats ?? PACKAGE_FORMATS) {
      const definition = await define(flavourOptions, { version, architecture, format, cache }, say);
      packages.push(await packageOf(definition, format, say, cache));
    }
  }
  return packages;
}

function packagesCache(): string {
  return join(cacheFolder(), "agent-packages");
}

/** The package of a definition, from the cache folder or made now. */
export async function packageOf(
  definition: PackageDefinition,
  format: PackageFormat,
  say: Say,
  cache: string,
): Promise<PackageFile> {
  const digest = await digestOfDefinition(definition, format);
  const path = join(cache, `${definition.name}-${digest}`);
  const folder = await cachedFolder(path, say, (scratch) => pack(definition, format, scratch, say));
  return describePackage(definition, format, folder);
}

async function define(
  flavourOptions: FlavourOptions,
  wanted: {
    readonly version: string;
    readonly architecture: Architecture;
    readonly format: PackageFormat;
    readonly cache: string;
  },
  say: Say,
): Promise<PackageDefinition> {
  if (flavourOptions.flavour === "bench") {
    return benchDefinition({ ...wanted, payloadBytes: flavourOptions.payloadBytes });
  }
  const definition = await referenceDefinition(wanted, say);
  return flavourOptions.variant === undefined ? definition : breakOnPurpose(definition, flavourOptions.variant);
}

async function digestOfDefinition(definition: PackageDefinition, format: PackageFormat): Promise<string> {
  const { files, ...rest } = definition;
  // How packages are written is a source too: this folder's programs and the packer that go.sum pins.
  const packers = await digestOfFolder(import.meta.dirname, (path) => /^([a-z-]+\.ts|go\.sum)$/.test(path));
  const parts: (string | Uint8Array)[] = [packers, format, JSON.stringify(rest)];
  for (const { path, mode, content } of files) {
    const copied = typeof content === "object" && "copyOf" in content;
    parts.push(`${path} ${mode.toString(8)}`, copied ? await readFile(content.copyOf) : content);
  }
  return digestOf(...parts);
}
