import { spawn } from "node:child_process";
import { once } from "node:events";
import { copyFile, mkdir, mkdtemp, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Lab, LabError } from "../../examples/lab/lab.ts";
import { MARK } from "../../examples/lab/names.ts";
import { agentPackages } from "../agent-packages/build.ts";
import type { Say } from "../process/say.ts";
import { hermeticEnvironment } from "../pulumi-cli/environment.ts";
import { obtainPulumi } from "../pulumi-cli/obtain.ts";
import { demoHosts } from "./hosts.ts";
import { type KaceServer, startKaceServer } from "./kace-server.ts";
import { writePackageFolder } from "./package-folder.ts";

const REPOSITORY = join(import.meta.dirname, "..", "..");
/** Of the lab: what belongs to the demo carries it in its name. */
export const PREFIX = "demo";
const AGENT_VERSION = "1.4.2";
/** Every host of a lab knows the gateway by this name. */
const SERVER_NAME = "gateway";
const SERVER_PORT = 8443;

/** All that the demo plays on: machines, a server and a project, none of which touches what the user has. */
export class Stage {
  readonly lab: Lab;
  readonly folder: string;
  readonly project: string;
  readonly environment: NodeJS.ProcessEnv;
  readonly pulumi: string;
  #server: KaceServer | undefined;

  private constructor(lab: Lab, folder: string, pulumi: string) {
    this.lab = lab;
    this.folder = folder;
    this.pulumi = pulumi;
    this.project = join(folder, "project");
    this.environment = {
      ...hermeticEnvironment({ command: pulumi, home: join(folder, "home"), backend: join(folder, "state") }),
      ...this.#own(),
    };
  }

  /** @throws LabError where this machine cannot have a lab; nothing is left then */
  static async set(say: Say): Promise<Stage> {
    // Somebody kept it, and may be at work on it: bringing up another of this name would take it away.
    if ((await Lab.find(PREFIX)) !== undefined)
      throw new LabError(`a demo is up already; take it down first: npm run lab -- down --prefix ${PREFIX}`);
    say("the Pulumi CLI: from the PATH or the cache; else it is made from its sources (5 minutes, once)");
    const pulumi = await obtainPulumi({ say });
    say("the agent's packages: .deb and .rpm");
    const packages = await agentPackages({
      version: AGENT_VERSION,
      architectures: [process.arch === "arm64" ? "arm64" : "amd64"],
      formats: ["deb", "rpm"],
      say,
    });
    const hosts = demoHosts();
    say(`${hosts.length} machines, each with its own systemd, sshd and address`);
    const lab = await Lab.up({ prefix: PREFIX, hosts, say });
    const folder = await mkdtemp(join(tmpdir(), "kace-demo-"));
    const stage = new Stage(lab, folder, pulumi.command);
    try {
      for (const name of ["project", "home", "state"]) await mkdir(join(folder, name));
      await copyFile(join(REPOSITORY, "Pulumi.yaml"), join(stage.project, "Pulumi.yaml"));
      await symlink(join(REPOSITORY, "bin"), join(stage.project, "bin"));
      await writePackageFolder(join(stage.project, "packages"), packages);
      say(`\`kace serve\` on the lab's gateway, ${lab.gateway}:${SERVER_PORT}`);
      stage.#server = await startKaceServer({
        database: stage.#database,
        name: SERVER_NAME,
        host: lab.gateway,
        port: SERVER_PORT,
        logFile: join(folder, "server.log"),
        environment: { ...process.env, ...stage.#own() },
      });
      return stage;
    } catch (error) {
      await stage.strike();
      throw error;
    }
  }

  /** Takes everything down. */
  async strike(): Promise<void> {
    await this.#server?.stop();
    await this.lab.down();
    await rm(this.folder, { recursive: true, force: true });
  }

  /** Runs the CLI in the project; what it shows goes to the terminal. Gives its exit code. */
  async run(args: readonly string[], stdin?: string): Promise<number | null> {
    const child = spawn(this.pulumi, args, {
      cwd: this.project,
      env: this.environment,
      stdio: [stdin === undefined ? "ignore" : "pipe", "inherit", "inherit"],
    });
    child.stdin?.end(stdin);
    const [exitCode]: (number | null)[] = await once(child, "close");
    return exitCode ?? null;
  }

  /** What the stack gives out as its summary: counts by class. */
  async summary(): Promise<Readonly<Record<string, number>>> {
    const child = spawn(this.pulumi, ["stack", "output", "summary", "--json"], {
      cwd: this.project,
      env: this.environment,
      stdio: ["ignore", "pipe", "inherit"],
    });
    let text = "";
    child.stdout.setEncoding("utf8").on("data", (piece: string) => (text += piece));
    const [exitCode] = await once(child, "close");
    if (exitCode !== 0) throw new Error("the stack has no summary");
    return JSON.parse(text);
  }

  /** Writes what a shell needs to go on by hand, and gives the file's path. Nothing in it is secret. */
  async writeShellFile(): Promise<string> {
    const file = join(this.folder, "env.sh");
    const names = Object.keys(this.environment).filter((name) => /^(PULUMI|KACE)_/.test(name) || name === "PATH");
    const lines = names.map((name) => `export ${name}='${this.environment[name]?.replaceAll("'", "'\\''")}'\n`);
    await writeFile(file, `${lines.join("")}cd '${this.project}'\n`);
    return file;
  }

  /** The text of the key that the machines let in. */
  logInKey(): Promise<string> {
    return readFile(this.lab.keys.ed25519.path, "utf8");
  }

  get #database(): string {
    return join(this.folder, "appliance");
  }

  /** With the lab's mark on them, `npm run lab -- down` ends the server too. */
  #own(): Record<string, string> {
    return { KACE_DATABASE: this.#database, [MARK]: PREFIX };
  }
}
