import type { Flavour } from "../agent/agent.ts";
import { compareVersions } from "../agent/versions.ts";
import type { ApplianceAccess } from "../appliance/access.ts";
import type { PackageFile } from "../appliance/operations/bundles.ts";
import type { Finding } from "../kit/define/resource.ts";
import { type BundleArchive, readArchive } from "./bundle-archive.ts";
import { type BundleFile, type BundleSource, bundleFilesOf, measureFile, missingFolder } from "./bundle-files.ts";
import { flavourOfPackage } from "./flavours.ts";

/** Everything a program names: packages one by one, a folder of them, an archive. */
export interface BundleContents extends BundleSource {
  readonly archive?: BundleArchive | undefined;
}

/** A package, with what its name says. */
export interface ReadFile extends PackageFile {
  /** Where it is; undefined for one in the archive. */
  readonly from: BundleFile | undefined;
}

/** A package before its name is read: a file, or one in the archive, which is proved already. */
type Candidate = Pick<BundleFile, "fileName" | "at" | "sha256"> & {
  readonly from: BundleFile | undefined;
  readonly sizeBytes?: number;
};

/** Reads every file of a bundle through; one that is not there need not be where the appliance has its content. */
export async function readBundle(
  source: BundleContents,
  client: ApplianceAccess,
): Promise<{
  readonly flavour: string;
  readonly version: string;
  readonly packages: readonly ReadFile[];
  readonly findings: readonly Finding[];
}> {
  const { candidates, findings } = await candidatesOf(source);
  if (findings.length > 0 && candidates.length === 0) return { flavour: "", version: "", packages: [], findings };
  const packages: ReadFile[] = [];
  let flavour: Flavour | undefined;
  for (const { fileName, at, sha256, from, sizeBytes: known } of candidates) {
    const kind = flavourOfPackage(fileName);
    const named = kind?.readPackageName(fileName);
    if (kind === undefined || named === undefined) {
      findings.push({
        path: at,
        reason: `${fileName} is not named like an agent's package: keep the vendor's own file name, such as ampagent-14.1.19.ubuntu.64.deb`,
      });
      continue;
    }
    if (flavour !== undefined && flavour !== kind) {
      findings.push({
        path: at,
        reason: `${fileName} is for another kind of agent (${kind.title}) than the others (${flavour.title})`,
      });
      continue;
    }
    flavour = kind;
    const size = known ?? (from === undefined ? "it is nowhere" : await sizeOf(from, client));
    if (typeof size === "number") packages.push({ ...named, sha256, sizeBytes: size, from });
    else findings.push({ path: at, reason: size });
  }
  const version = newestOf(packages.map((item) => item.version));
  return { flavour: flavour?.name ?? "", version, packages, findings };
}

async function candidatesOf(source: BundleContents): Promise<{ candidates: Candidate[]; findings: Finding[] }> {
  const { archive, files: single, folder, checksums } = source;
  const listed: BundleSource = { files: single, folder, checksums };
  const cwd = process.cwd();
  const candidates: Candidate[] = [];
  const findings: Finding[] = [];
  if (archive !== undefined) {
    const read = await readArchive(archive, cwd);
    if ("problem" in read) findings.push(read.problem);
    else candidates.push(...read.packages.map((one) => ({ ...one, at: ["archive", "path"], from: undefined })));
  }
  // What an archive holds need not be named a second time.
  if (archive !== undefined && Object.values(listed).every((value) => value === undefined))
    return { candidates, findings };
  const { files, problems } = bundleFilesOf(listed, cwd);
  findings.push(...problems);
  const noFolder = await missingFolder(listed.folder, cwd);
  if (noFolder !== undefined) return { candidates: [], findings: [...findings, noFolder] };
  for (const from of files) {
    if (candidates.some(({ fileName }) => fileName === from.fileName))
      findings.push({ path: from.at, reason: `${from.fileName} is in the archive, too` });
    candidates.push({ fileName: from.fileName, at: from.at, sha256: from.sha256, from });
  }
  return { candidates, findings };
}

/** The size of a file that is what it should be, else what is wrong with it. */
async function sizeOf(from: BundleFile, client: ApplianceAccess): Promise<number | string> {
  const measured = await measureFile(from);
  if (measured.kind === "right") return measured.sizeBytes;
  const loaded = measured.kind === "missing" ? await loadedSize(from, client) : undefined;
  return loaded ?? measured.message;
}

/** The size of a package that the appliance has: after an import, its files need not be on this machine. */
async function loadedSize({ sha256 }: BundleFile, client: ApplianceAccess): Promise<number | undefined> {
  const { sizeBytes } = await client.read((appliance) => appliance.hasPackage({ sha256 }));
  return sizeBytes;
}

function newestOf(versions: readonly string[]): string {
  return versions.reduce((newest, version) => (compareVersions(version, newest) > 0 ? version : newest), "0");
}
