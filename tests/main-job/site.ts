import { spawn } from "node:child_process";
import { once } from "node:events";
import { readdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect } from "vitest";
import type { Lab, LabHost } from "../../examples/lab/lab.ts";
import type { Outputs } from "../../provider/resources/provisioning/outputs.ts";
import type { PackageFile } from "../../tools/agent-packages/build.ts";
import { type KaceServer, startKaceServer } from "../../tools/demo/kace-server.ts";
import { run } from "../../tools/process/run.ts";
import { type CliProcess, type CliRun, environmentOf, type Place, pulumiCli, startCli } from "../e2e/cli.ts";
import {
  nameOf,
  type PlannedStep,
  type RecordedResource,
  ref,
  type YamlProgram,
  type YamlResource,
} from "../e2e/project.ts";
import {
  type Folders,
  type Ground,
  type GroundOptions,
  KACE_PLUGIN,
  layGround,
  SERVER_NAME,
  SERVER_PORT,
} from "./ground.ts";

const PROJECT = "site";
const STACK = "dev";

/** How one machine stands, as the state has it. */
export type RecordedResult = Outputs["results"][string];

/** What the state has of a file-backed stack, as far as it is read here. */
interface Checkpoint {
  readonly resources?: readonly RecordedResource[];
  readonly pending_operations?: readonly { readonly type: string; readonly resource: RecordedResource }[];
}

/**
 * Real hosts, a `kace serve` on their gateway, a folder of agent packages and a Pulumi project with everything of its
 * own: what the main job is tried on, by the real CLI. A test file brings one up in `beforeAll` and takes it down in
 * `afterAll`.
 *
 * @example
 * const site = await Site.up({ prefix: "story", hosts: [{ name: "web01", kind: "systemd" }] });
 * await site.write(site.fleet({ targets: { ips: site.addresses() } }));
 * await site.up();
 * await site.results(); // { "10.80.14.11": { action: "install", class: "succeeded", ... } }
 * await site.down();
 */
export class Site implements Place {
  readonly lab: Lab;
  readonly folders: Folders;
  readonly folder: string;
  readonly home: string;
  readonly state: string;
  readonly database: string;
  readonly environment: Readonly<Record<string, string>>;
  /** What lies in the folder of packages. */
  readonly packages: readonly PackageFile[];
  #server: KaceServer | undefined;

  private constructor({ lab, folders, environment, packages }: Ground) {
    this.lab = lab;
    this.folders = folders;
    this.folder = folders.program;
    this.home = folders.home;
    this.state = folders.state;
    this.database = folders.database;
    this.environment = environment;
    this.packages = packages;
  }

  /** Nothing is left where this fails. */
  static async up(options: GroundOptions): Promise<Site> {
    const site = new Site(await layGround(options));
    try {
      await site.startServer();
      await site.write({});
      await site.succeed(["stack", "init", STACK]);
      return site;
    } catch (error) {
      await site.down();
      throw error;
    }
  }

  /** Ends the server, every process that was started for the site, the hosts, and removes all folders. */
  async down(): Promise<void> {
    await this.stopServer();
    await this.lab.down();
    await rm(this.folders.root, { recursive: true, force: true, maxRetries: 5 });
  }

  host(name: string): LabHost {
    return this.lab.host(name);
  }

  /** The addresses of these hosts, or of all. */
  addresses(...names: readonly string[]): string[] {
    const hosts = names.length === 0 ? this.lab.hosts : names.map((name) => this.host(name));
    return hosts.map(({ address }) => address);
  }

  /** The row of a host in the table that the CLI has shown, without its border. */
  rowOf(output: string, host: string): string {
    const { address } = this.host(host);
    const cells = output.split("\n").map((line) => line.split("│").map((cell) => cell.trim()));
    const row = cells.find(([, machine = ""]) => machine.split(/[ ()]/).includes(address) || machine === host);
    if (row === undefined) throw new Error(`no row shows ${host} (${address}):\n${output}`);
    return row.slice(1, -1).join(" | ");
  }

  /** Puts a program in place of the present one. */
  async write(program: YamlProgram): Promise<void> {
    const plugins = { providers: [{ name: "kace", path: KACE_PLUGIN }] };
    await this.writeProject({ name: PROJECT, runtime: "yaml", plugins, ...program });
  }

  /** Puts a whole project file in place of the present one; JSON is YAML too. */
  async writeProject(project: Readonly<Record<string, unknown>>): Promise<void> {
    await writeFile(join(this.folder, "Pulumi.yaml"), JSON.stringify(project, undefined, 2));
  }

  /** A token, the bundle of the folder of packages, and more resources. */
  program(resources: Readonly<Record<string, YamlResource>>): YamlProgram {
    return {
      resources: {
        token: { type: "kace:AgentToken" },
        agents: {
          type: "kace:AgentBundle",
          properties: { folder: "./packages", checksums: { "fn::readFile": "./packages/SHA256SUMS" } },
        },
        ...resources,
      },
    };
  }

  /** The program of one configuration, called `fleet`: see {@link configuration}. */
  fleet(properties: Readonly<Record<string, unknown>>): YamlProgram {
    return this.program({ fleet: this.configuration(properties) });
  }

  /**
   * A configuration that installs the bundle with the token, as root by the lab's plain key, and takes agents away when
   * it is destroyed; unless the properties say otherwise.
   */
  configuration({ agent, ...properties }: Readonly<Record<string, unknown>>): YamlResource {
    return {
      type: "kace:ProvisioningConfig",
      properties: {
        agent: { bundle: ref("agents.id"), token: ref("token.value"), ...(typeof agent === "object" && agent) },
        linux: { username: "root", privateKey: secret(this.lab.keys.ed25519.privateKey) },
        onDestroy: "uninstall",
        ...properties,
      },
    };
  }

  start(args: readonly string[]): Promise<CliProcess> {
    return startCli(this, args);
  }

  /** Runs the CLI to its end, however it ends. */
  async run(args: readonly string[]): Promise<CliRun> {
    return (await this.start(args)).ended;
  }

  /** Runs the CLI, which must succeed. Gives what it printed. */
  async succeed(args: readonly string[]): Promise<string> {
    const { exitCode, output } = await this.run(args);
    expect(exitCode, output).toBe(0);
    return output;
  }

  /** Runs the CLI, which must fail. Gives what it printed. */
  async fail(args: readonly string[]): Promise<string> {
    const { exitCode, output } = await this.run(args);
    expect(exitCode, output).not.toBe(0);
    return output;
  }

  preview(...args: readonly string[]): Promise<string> {
    return this.succeed(["preview", "--diff", ...args]);
  }

  up(...args: readonly string[]): Promise<string> {
    return this.succeed(["up", "--yes", "--skip-preview", ...args]);
  }

  failingUp(...args: readonly string[]): Promise<string> {
    return this.fail(["up", "--yes", "--skip-preview", ...args]);
  }

  refresh(...args: readonly string[]): Promise<string> {
    return this.succeed(["refresh", "--yes", "--skip-preview", ...args]);
  }

  destroy(...args: readonly string[]): Promise<string> {
    return this.succeed(["destroy", "--yes", "--skip-preview", ...args]);
  }

  failingDestroy(...args: readonly string[]): Promise<string> {
    return this.fail(["destroy", "--yes", "--skip-preview", ...args]);
  }

  /** The steps of a preview that change something, by the name of their resource. */
  async plan(): Promise<Record<string, PlannedStep>> {
    const { exitCode, stdout, output } = await this.run(["preview", "--json"]);
    expect(exitCode, output).toBe(0);
    const { steps }: { steps: readonly PlannedStep[] } = JSON.parse(stdout);
    const changing = steps.filter(
      ({ op, urn }) => op !== "same" && op !== "refresh" && !urn.includes("::pulumi:pulumi:Stack::"),
    );
    return Object.fromEntries(changing.map((step) => [nameOf(step.urn), step]));
  }

  /** Gives the stack a secret, by way of stdin: a command line is everybody's to read. */
  async setSecret(key: string, value: string): Promise<void> {
    const { command } = await pulumiCli();
    const child = spawn(command, ["config", "set", "--secret", key, "--non-interactive"], {
      cwd: this.folder,
      env: await environmentOf(this),
      stdio: ["pipe", "ignore", "pipe"],
    });
    let said = "";
    child.stderr.setEncoding("utf8").on("data", (text: string) => (said += text));
    child.stdin.end(value);
    const [exitCode] = await once(child, "close");
    expect(exitCode, said).toBe(0);
  }

  /** The resources that the state records; none before the first `up`. */
  async recorded(): Promise<readonly RecordedResource[]> {
    return (await this.#checkpoint()).resources ?? [];
  }

  /** The resource of a name that the state records. */
  async recordedAs(name: string): Promise<RecordedResource> {
    const found = (await this.recorded()).find(({ urn }) => nameOf(urn) === name);
    if (found === undefined) throw new Error(`the state has no resource ${name}`);
    return found;
  }

  /** The operations that were under way when a run broke off. */
  async pendingOperations(): Promise<readonly { readonly type: string; readonly resource: RecordedResource }[]> {
    return (await this.#checkpoint()).pending_operations ?? [];
  }

  async #checkpoint(): Promise<Checkpoint> {
    const file = join(this.state, ".pulumi", "stacks", PROJECT, `${STACK}.json`);
    const { checkpoint }: { checkpoint: { latest?: Checkpoint } } = JSON.parse(await readFile(file, "utf8"));
    return checkpoint.latest ?? {};
  }

  /** What the state says of each machine of a configuration. */
  async results(name = "fleet"): Promise<Outputs["results"]> {
    return (await this.#outputsOf(name)).results;
  }

  /** What the state says of a machine that was given by its address. */
  async resultOf(host: string, name = "fleet"): Promise<RecordedResult> {
    const results = await this.results(name);
    const found = results[this.host(host).address] ?? results[host];
    if (found === undefined) throw new Error(`${name} has no result for ${host}: ${JSON.stringify(results)}`);
    return found;
  }

  async summary(name = "fleet"): Promise<Outputs["summary"]> {
    return (await this.#outputsOf(name)).summary;
  }

  async #outputsOf(name: string): Promise<Outputs> {
    // A component may have the name of the configuration that it makes.
    const found = (await this.recorded()).find(
      ({ urn, type }) => type === "kace:index:ProvisioningConfig" && nameOf(urn) === name,
    );
    if (found === undefined) throw new Error(`the state has no configuration ${name}`);
    return outputsOf(found);
  }

  /** Runs the `kace` command on the site's appliance. */
  async kace(args: readonly string[]): Promise<{ readonly exitCode: number | null; readonly output: string }> {
    const env = { ...process.env, ...this.environment };
    return run({ program: join(KACE_PLUGIN, "kace"), args, env, cwd: this.folder });
  }

  async startServer(): Promise<void> {
    this.#server ??= await startKaceServer({
      database: this.database,
      name: SERVER_NAME,
      host: this.lab.gateway,
      port: SERVER_PORT,
      logFile: this.folders.serverLog,
      environment: { ...process.env, ...this.environment },
    });
  }

  async stopServer(): Promise<void> {
    await this.#server?.stop();
    this.#server = undefined;
  }

  /** Ends the server at once, as a power cut would. */
  async killServer(): Promise<void> {
    if (this.#server !== undefined) process.kill(this.#server.pid, "SIGKILL");
    await this.stopServer();
  }

  async restartServer(): Promise<void> {
    await this.stopServer();
    await this.startServer();
  }

  /** What the server has said since the site came up. */
  serverLog(): Promise<string> {
    return readFile(this.folders.serverLog, "utf8");
  }

  /** The process ids of the plugins that run for this site now. */
  async plugins(): Promise<number[]> {
    const pids: number[] = [];
    for (const name of await readdir("/proc")) {
      if (!/^\d+$/.test(name)) continue;
      try {
        if (!(await readFile(`/proc/${name}/cmdline`, "utf8")).includes("provider/main.ts")) continue;
        const variables = (await readFile(`/proc/${name}/environ`, "utf8")).split("\0");
        if (variables.includes(`KACE_DATABASE=${this.database}`)) pids.push(Number(name));
      } catch (error) {
        if (!hasEnded(error)) throw error;
      }
    }
    return pids;
  }
}

/** How YAML programs write a secret. */
export function secret(value: string): { readonly "fn::secret": string } {
  return { "fn::secret": value };
}

function outputsOf({ outputs }: RecordedResource): Outputs {
  const { summary, results } = outputs ?? {};
  if (typeof summary !== "object" || summary === null || typeof results !== "object" || results === null)
    throw new Error("the resource is no provisioning configuration, or was not made whole");
  return { summary, results } as Outputs; // the provider has checked them against its schema
}

/** True for what is said of a process that ended in the meantime, or is none of ours. */
function hasEnded(error: unknown): boolean {
  return (
    error instanceof Error && "code" in error && ["ENOENT", "ESRCH", "EACCES", "EPERM"].includes(String(error.code))
  );
}
