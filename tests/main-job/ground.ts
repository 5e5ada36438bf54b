import { mkdir, mkdtemp } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { type HostSpec, Lab } from "../../examples/lab/lab.ts";
import { MARK } from "../../examples/lab/names.ts";
import { type AgentPackagesOptions, agentPackages, type PackageFile } from "../../tools/agent-packages/build.ts";
import { cacheFolder } from "../../tools/cache/folder.ts";
import { writePackageFolder } from "../../tools/demo/package-folder.ts";
import { pulumiCli } from "../e2e/cli.ts";

/** The folder of the plugin, as `plugins.providers[].path` of a project names it. */
export const KACE_PLUGIN = fileURLToPath(new URL("../../bin", import.meta.url));

/** The name under which the agents find their server; all hosts of a lab know it. */
export const SERVER_NAME = "gateway";
/** Nothing else listens at the gateway of a lab. */
export const SERVER_PORT = 8443;
/** The version of the agent that is installed where a test does not say otherwise. */
export const VERSION = "1.4.2";

export interface GroundOptions {
  /** Of the lab; see its own options. */
  readonly prefix: string;
  readonly hosts: readonly HostSpec[];
  /** What lies in the folder of packages. Default: .deb and .rpm of {@link VERSION}. */
  readonly packages?: readonly Partial<AgentPackagesOptions>[];
}

/** The folders of a site. */
export interface Folders {
  readonly root: string;
  /** The folder of the program; `packages/` lies in it. */
  readonly program: string;
  readonly home: string;
  readonly state: string;
  readonly database: string;
  readonly serverLog: string;
}

/** What a site stands on. */
export interface Ground {
  readonly lab: Lab;
  readonly folders: Folders;
  readonly packages: readonly PackageFile[];
  /** What every process of the site is started with, beside what makes a run of the CLI hermetic. */
  readonly environment: Readonly<Record<string, string>>;
}

/** Makes hosts, packages and folders; and the Pulumi CLI, if there is none yet. */
export async function layGround(options: GroundOptions): Promise<Ground> {
  const packages = await buildPackages(options.packages ?? [{}]);
  await pulumiCli();
  const lab = await Lab.up({ prefix: options.prefix, hosts: options.hosts });
  const root = await mkdtemp(join(tmpdir(), `pulumi-kace-${options.prefix}-`));
  const folders: Folders = {
    root,
    program: join(root, "program"),
    home: join(root, "home"),
    state: join(root, "state"),
    database: join(root, "database"),
    serverLog: join(root, "server.log"),
  };
  for (const folder of [folders.program, folders.home, folders.state]) await mkdir(folder);
  await mkdir(folders.database, { mode: 0o700 });
  await writePackageFolder(join(folders.program, "packages"), packages);
  const environment = {
    KACE_DATABASE: folders.database,
    // With its mark on them, the lab ends whatever was started for it, also after a crash.
    [MARK]: options.prefix,
    NODE_COMPILE_CACHE: join(cacheFolder(), "node-compile-cache"),
  };
  return { lab, folders, packages, environment };
}

async function buildPackages(wanted: readonly Partial<AgentPackagesOptions>[]): Promise<PackageFile[]> {
  const built: PackageFile[] = [];
  for (const options of wanted) {
    built.push(
      ...(await agentPackages({
        version: VERSION,
        architectures: [process.arch === "arm64" ? "arm64" : "amd64"],
        formats: ["deb", "rpm"],
        ...options,
      })),
    );
  }
  return built;
}
