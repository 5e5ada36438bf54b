import { readFileSync } from "node:fs";
import { join } from "node:path";
import { cacheFolder } from "../cache/folder.ts";
import { type Say, sayOnStderr } from "../process/say.ts";
import { goBinary } from "./binary.ts";
import { packageOf } from "./build.ts";
import { checkVersion, type PackageDefinition, type PackagedFile, type PackageFormat } from "./definition.ts";
import type { PackageFile } from "./pack.ts";

const PROGRAMS = "/opt/quest/kace/bin";
const UNIT_FOLDERS = { deb: "/lib/systemd/system", rpm: "/usr/lib/systemd/system" } as const;

export type QuestStandInOptions = {
  /** Default `14.1.19`, a version of the vendor's. */
  readonly version?: string;
  readonly formats?: readonly ("deb" | "rpm")[];
  readonly say?: Say;
};

/**
 * Packages for amd64 that stand in for the vendor's agent: its file names, directories, commands, unit and the way it
 * takes a host and a token, none of its code. For tests of what is done to machines that have the vendor's agent.
 *
 * @example const [deb] = await questStandInPackages({ formats: ["deb"] }); // ampagent-14.1.19.ubuntu.64.deb
 */
export async function questStandInPackages(options: QuestStandInOptions = {}): Promise<PackageFile[]> {
  const { version = "14.1.19", formats = ["deb", "rpm"], say = sayOnStderr } = options;
  checkVersion(version);
  const cache = join(cacheFolder(), "agent-packages");
  const module = join(import.meta.dirname, "konea-stand-in");
  const konea = await goBinary({ module, name: "konea" }, { version, architecture: "amd64", cache }, say);
  const packages: PackageFile[] = [];
  for (const format of formats) packages.push(await packageOf(definition(version, format, konea), format, say, cache));
  return packages;
}

function definition(version: string, format: "deb" | "rpm", konea: string): PackageDefinition {
  const tool = (name: string): PackagedFile => ({
    path: `${PROGRAMS}/${name}`,
    mode: 0o755,
    content: source(`${name}.sh`),
  });
  const scripts = {
    postinstall: source("postinst.sh"),
    preremove: source("prerm.sh"),
    postremove: source("postrm.sh"),
  };
  const fileNames: Partial<Record<PackageFormat, string>> = { deb: `ampagent-${version}.ubuntu.64.deb` };
  return {
    name: "ampagent",
    version,
    architecture: "amd64",
    description:
      "STAND-IN for the Quest KACE agent\nFor tests only. It holds nothing of the vendor's and manages nothing.",
    files: [
      { path: `${PROGRAMS}/konea`, mode: 0o755, content: { copyOf: konea } },
      tool("AMPTools"),
      tool("AMPctl"),
      tool("AMPAgentBootup"),
      tool("runkbot"),
      { path: "/var/quest/kace/version", mode: 0o644, content: `${version}\n` },
      { path: `${UNIT_FOLDERS[format]}/konea.service`, mode: 0o644, content: source("konea.service") },
    ],
    folders: ["/opt/quest", "/opt/quest/kace", PROGRAMS],
    scripts: { deb: scripts, rpm: scripts },
    fileNames,
  };
}

function source(name: string): string {
  return readFileSync(join(import.meta.dirname, "quest-stand-in", name), "utf8");
}
