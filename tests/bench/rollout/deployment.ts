import { mkdir, readdir, readFile, writeFile } from "node:fs/promises";
import { delimiter, dirname, join } from "node:path";
import { endingOf, run, runOrThrow } from "../../../tools/process/run.ts";
import { hermeticEnvironment } from "../../../tools/pulumi-cli/environment.ts";
import type { Pulumi } from "../../../tools/pulumi-cli/obtain.ts";

/** A program with a bundle of one package and a configuration for some machines. */
export interface Deployment {
  readonly pulumi: Pulumi;
  /** The folder of the plugin. */
  readonly plugin: string;
  /** Shared by deployments: what the plugin compiled for its next start. */
  readonly cache: string;
  /** For the program, the state, the appliance and everything else that the run writes. It must not exist. */
  readonly folder: string;
  readonly addresses: readonly string[];
  readonly port: number;
  readonly privateKey: string;
  readonly package: { readonly path: string; readonly sha256: string };
  readonly server: { readonly host: string; readonly port: number };
  readonly preview: boolean;
}

/** What a deployment took and made. */
export interface Deployed {
  readonly seconds: number;
  /** What the state holds of one machine on average, in bytes. */
  readonly stateBytesPerMachine: number;
}

/**
 * One `pulumi up` of a new stack on a new backend with a new appliance.
 * @throws Error if it fails, or does not install on every machine
 */
export async function deploy(deployment: Deployment): Promise<Deployed> {
  const { pulumi, folder, cache, preview, addresses } = deployment;
  const backend = join(folder, "state");
  await mkdir(backend, { recursive: true });
  // JSON is YAML.
  await writeFile(join(folder, "Pulumi.yaml"), JSON.stringify(programOf(deployment)));
  const hermetic = hermeticEnvironment({ command: pulumi.command, home: join(folder, "home"), backend });
  const env = {
    ...hermetic,
    PATH: [dirname(process.execPath), hermetic.PATH].join(delimiter), // plugins of ours run on this Node
    XDG_CACHE_HOME: cache,
    KACE_DATABASE: join(folder, "appliance"),
  };
  const cli = { program: pulumi.command, cwd: folder, env };
  await runOrThrow({ ...cli, args: ["stack", "init", "bench"] });
  const begin = performance.now();
  const args = ["up", "--yes", "--non-interactive", "--stack", "bench", ...(preview ? [] : ["--skip-preview"])];
  const ended = await run({ ...cli, args });
  const seconds = (performance.now() - begin) / 1_000;
  if (ended.exitCode !== 0) throw new Error(`pulumi up ${endingOf(ended)}\n${withoutTable(ended.output)}`);
  const results = await resultsIn(join(backend, ".pulumi", "stacks", "bench", "bench.json"));
  const right = Object.values(results).filter(({ class: ended }) => ended === "succeeded").length;
  if (right !== addresses.length) throw new Error(`${right} of ${addresses.length} machines were installed`);
  return { seconds, stateBytesPerMachine: Buffer.byteLength(JSON.stringify(results)) / addresses.length };
}

/** What the CLI said but for the rows of machines, which are many. */
function withoutTable(output: string): string {
  return output
    .split("\n")
    .filter((line) => !/^\s*[│├┌└]/.test(line))
    .join("\n");
}

function programOf({ plugin, addresses, port, privateKey, package: file, server }: Deployment): object {
  return {
    name: "bench",
    runtime: "yaml",
    plugins: { providers: [{ name: "kace", path: plugin }] },
    resources: {
      agents: { type: "kace:AgentBundle", properties: { files: [{ path: file.path, sha256: file.sha256 }] } },
      fleet: {
        type: "kace:ProvisioningConfig",
        properties: {
          targets: { ips: addresses },
          // biome-ignore lint/suspicious/noTemplateCurlyInString: a reference in the language of the program
          agent: { bundle: "${agents.id}" },
          server: { name: server.host, port: server.port },
          dns: { lookup: false },
          linux: {
            username: "root",
            port,
            privateKey: { "fn::secret": privateKey },
            // Everything shares these processors: how long an answer takes says nothing here.
            portScanTimeout: "1m",
            connectTimeout: "2m",
            authTimeout: "2m",
          },
        },
      },
    },
  };
}

/** The results in a state file, machine by machine. */
async function resultsIn(file: string): Promise<Record<string, { readonly class: string }>> {
  const state: { checkpoint: { latest: { resources: { type: string; outputs: { results: never } }[] } } } = JSON.parse(
    await readFile(file, "utf8"),
  );
  const fleet = state.checkpoint.latest.resources.find(({ type }) => type === "kace:index:ProvisioningConfig");
  if (fleet === undefined) throw new Error("the state has no configuration");
  return fleet.outputs.results;
}

/** The largest process of a plugin, in MB of a million bytes. */
export interface LargestProcess {
  /** The most memory that it held. */
  readonly megabytes: number;
  /** How much of it were pages of files, nearly all of them of Node's own program, when it was largest. */
  readonly fileMegabytes: number;
}

/**
 * Watches how large the processes of a plugin become.
 * @param plugin the folder of the plugin, which is on their command lines
 * @returns a function that ends the watch and tells of the largest one
 */
export function watchMemory(plugin: string): () => Promise<LargestProcess> {
  let largest: LargestProcess = { megabytes: 0, fileMegabytes: 0 };
  let looking = Promise.resolve();
  const look = async () => {
    for (const entry of await readdir("/proc")) {
      if (!/^\d+$/.test(entry)) continue;
      const seen = await memoryOf(entry, plugin);
      if (seen !== undefined && seen.megabytes > largest.megabytes) largest = seen;
    }
  };
  const timer = setInterval(() => {
    looking = looking.then(look);
  }, LOOK_EVERY_MS);
  return async () => {
    clearInterval(timer);
    await looking;
    if (largest.megabytes === 0) throw new Error("no process of the plugin was seen");
    return largest;
  };
}

const LOOK_EVERY_MS = 200;

/** What a process holds, the most so far counting, if it is one of the plugin. */
async function memoryOf(pid: string, plugin: string): Promise<LargestProcess | undefined> {
  try {
    const commandLine = await readFile(`/proc/${pid}/cmdline`, "utf8");
    if (!commandLine.split("\0").includes(join(plugin, "start.cjs"))) return undefined;
    const status = await readFile(`/proc/${pid}/status`, "utf8");
    const megabytes = (field: string) =>
      (Number(new RegExp(`^${field}:\\s*(\\d+) kB$`, "m").exec(status)?.[1] ?? 0) * 1_024) / 1_000_000;
    return { megabytes: megabytes("VmHWM"), fileMegabytes: megabytes("RssFile") };
  } catch (error) {
    // It ended between two looks.
    if (error instanceof Error && "code" in error && (error.code === "ENOENT" || error.code === "ESRCH")) return;
    throw error;
  }
}
