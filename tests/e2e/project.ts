import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, onTestFinished } from "vitest";
import { cacheFolder } from "../../tools/cache/folder.ts";
import { type BackendObject, type Effect, listObjects, readJournal } from "../fixture/backend.ts";
import { type CliProcess, type CliRun, type Place, startCli } from "./cli.ts";
import { endProcessesOf } from "./processes.ts";

/** The folder that holds the plugin, as `plugins.providers[].path` of a project names it. */
export const FIXTURE_PLUGIN = fileURLToPath(new URL("../fixture/bin", import.meta.url));

/** The provider that a project uses. */
export interface PluginUnderTest {
  readonly name: string;
  /** The folder of its executable. */
  readonly path: string;
  /** What every stack of it is configured with. */
  readonly config: Readonly<Record<string, unknown>>;
  /** Variables that make a folder its world. */
  readonly environment: (world: string) => Readonly<Record<string, string>>;
}

const FIXTURE: PluginUnderTest = {
  name: "fixture",
  path: FIXTURE_PLUGIN,
  config: { "fixture:owner": "tests" },
  environment: (world) => ({ FIXTURE_BACKEND: world }),
};

/** The part of a Pulumi YAML program that is not the same in all tests. */
export interface YamlProgram {
  readonly variables?: Readonly<Record<string, unknown>>;
  readonly resources?: Readonly<Record<string, YamlResource>>;
  readonly outputs?: Readonly<Record<string, unknown>>;
}

export interface YamlResource {
  readonly type: string;
  readonly properties?: Readonly<Record<string, unknown>>;
  readonly options?: Readonly<Record<string, unknown>>;
  /** In the place of properties: what exists and is only looked up. */
  readonly get?: Readonly<Record<string, unknown>>;
}

/** How YAML programs and patterns write a reference: `ref("note.id")`. */
export function ref(name: string): string {
  return `\${${name}}`;
}

export interface ProjectOptions {
  /** Default: the fixture. */
  readonly plugin?: PluginUnderTest;
  /** Configuration of the stack beside the plugin's own; `null` takes a key away. */
  readonly config?: Readonly<Record<string, unknown>>;
  /** Set with `pulumi config set --secret`. */
  readonly secretConfig?: Readonly<Record<string, string>>;
  /** Whatever must never be seen in plain text: not in the state, not in what the CLI prints. */
  readonly secrets?: readonly string[];
  readonly environment?: Readonly<Record<string, string>>;
}

/** A resource as the state holds it. */
export interface RecordedResource {
  readonly urn: string;
  readonly type: string;
  readonly id?: string;
  readonly inputs?: Readonly<Record<string, unknown>>;
  readonly outputs?: Readonly<Record<string, unknown>>;
  readonly initErrors?: readonly string[];
  readonly protect?: boolean;
}

/** A step of `pulumi preview --json`. */
export interface PlannedStep {
  readonly op: string;
  readonly urn: string;
  readonly newState?: RecordedResource;
  readonly replaceReasons?: readonly string[];
  readonly diffReasons?: readonly string[];
  readonly detailedDiff?: Readonly<Record<string, { readonly kind: string; readonly inputDiff: boolean }>> | null;
}

/**
 * A Pulumi project with everything it touches: its program, its state, a `PULUMI_HOME` and the folder that is its
 * provider's world. All of it, and whatever still runs, is gone when the test has finished.
 *
 * Every run fails the test if the CLI prints a secret.
 */
export class Project implements Place {
  readonly folder: string;
  readonly home: string;
  readonly state: string;
  readonly world: string;
  /** More may be added, as a test learns them. */
  readonly secrets: string[];
  readonly environment: Readonly<Record<string, string>>;
  readonly plugin: PluginUnderTest;

  private constructor(root: string, options: ProjectOptions) {
    this.folder = join(root, "program");
    this.home = join(root, "home");
    this.state = join(root, "state");
    this.world = join(root, "world");
    this.secrets = [...(options.secrets ?? []), ...Object.values(options.secretConfig ?? {})];
    this.plugin = options.plugin ?? FIXTURE;
    this.environment = {
      ...this.plugin.environment(this.world),
      // A run starts the plugin several times, and most of what a start costs is to compile it.
      NODE_COMPILE_CACHE: join(cacheFolder(), "node-compile-cache"),
      ...options.environment,
    };
  }

  /** A project without a stack. */
  static async empty(options: ProjectOptions = {}): Promise<Project> {
    const root = await mkdtemp(join(tmpdir(), "pulumi-e2e-"));
    const project = new Project(root, options);
    for (const folder of [project.folder, project.home, project.state, project.world]) await mkdir(folder);
    onTestFinished(async () => {
      await endProcessesOf(project.world);
      await rm(root, { recursive: true, force: true, maxRetries: 5 });
    });
    return project;
  }

  /** A project of a YAML program, with the stack `dev` selected. */
  static async yaml(program: YamlProgram, options: ProjectOptions = {}): Promise<Project> {
    const project = await Project.empty(options);
    await project.write(program);
    await project.configure(options.config);
    await project.succeed(["stack", "init", "dev"]);
    for (const [key, value] of Object.entries(options.secretConfig ?? {})) {
      await project.succeed(["config", "set", "--secret", key, value]);
    }
    return project;
  }

  /** Puts another program in place of the present one. */
  async write(program: YamlProgram): Promise<void> {
    const plugins = { providers: [{ name: this.plugin.name, path: this.plugin.path }] };
    const yaml = JSON.stringify({ name: "e2e", runtime: "yaml", plugins, ...program }, undefined, 2);
    await writeFile(join(this.folder, "Pulumi.yaml"), yaml);
  }

  /** Gives the stack another configuration; secrets that were set are gone. */
  async configure(config: ProjectOptions["config"]): Promise<void> {
    const file = join(this.folder, "Pulumi.dev.yaml");
    const present = await readFile(file, "utf8").catch(() => "");
    const [salt = ""] = /^encryptionsalt:.*$/m.exec(present) ?? [];
    const entries = Object.entries({ ...this.plugin.config, ...config }).filter(([, value]) => value !== null);
    // JSON is YAML too; `stack init` adds to what it finds.
    await writeFile(file, `config: ${JSON.stringify(Object.fromEntries(entries))}\n${salt}\n`);
  }

  async start(args: readonly string[]): Promise<CliProcess> {
    return startCli(this, args);
  }

  /** Runs the CLI to its end, however it ends. */
  async run(args: readonly string[]): Promise<CliRun> {
    const ended = await (await this.start(args)).ended;
    this.expectNoSecretIn(ended.output, `the output of pulumi ${args[0]}`);
    return ended;
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

  up(...args: readonly string[]): Promise<string> {
    return this.succeed(["up", "--yes", "--skip-preview", ...args]);
  }

  failingUp(...args: readonly string[]): Promise<string> {
    return this.fail(["up", "--yes", "--skip-preview", ...args]);
  }

  /** The steps of a preview that change something, by the name of their resource. */
  async plan(): Promise<Record<string, PlannedStep>> {
    const { exitCode, stdout, output } = await this.run(["preview", "--json"]);
    expect(exitCode, output).toBe(0);
    const { steps }: { steps: readonly PlannedStep[] } = JSON.parse(stdout);
    const changing = steps.filter(({ op, urn }) => op !== "same" && !urn.includes("::pulumi:pulumi:Stack::"));
    return Object.fromEntries(changing.map((step) => [nameOf(step.urn), step]));
  }

  /**
   * The promise after every `up`: a second preview is empty, a refresh is empty, and neither the state nor anything
   * else that Pulumi keeps has a secret in plain text.
   */
  async expectSettled(): Promise<void> {
    await this.succeed(["preview", "--diff", "--expect-no-changes"]);
    await this.succeed(["refresh", "--yes", "--skip-preview", "--expect-no-changes"]);
    await this.expectNoSecretInState();
  }

  /** Looks through the state, its history and backups, and the logs and caches of the CLI. */
  async expectNoSecretInState(): Promise<void> {
    for (const folder of [this.state, this.home]) {
      for (const entry of await readdir(folder, { recursive: true, withFileTypes: true })) {
        if (!entry.isFile()) continue;
        const file = join(entry.parentPath, entry.name);
        this.expectNoSecretIn(await readFile(file, "latin1"), file);
      }
    }
  }

  expectNoSecretIn(text: string, where: string): void {
    for (const secret of this.secrets) {
      expect(text.includes(secret), `a secret stands in ${where}:\n${text}`).toBe(false);
      const encoded = Buffer.from(secret).toString("base64").replace(/=+$/, "");
      expect(text.includes(encoded), `a secret stands in base64 in ${where}`).toBe(false);
    }
  }

  /** The resources that the state records. */
  async recorded(): Promise<RecordedResource[]> {
    return (await this.checkpoint()).resources ?? [];
  }

  /** The resource of a name that the state records. */
  async recordedAs(name: string): Promise<RecordedResource> {
    const resource = (await this.recorded()).find(({ urn }) => nameOf(urn) === name);
    if (resource === undefined) throw new Error(`the state has no resource ${name}`);
    return resource;
  }

  /** The operations that were under way when a run broke off. */
  async pendingOperations(): Promise<readonly { readonly type: string; readonly resource: RecordedResource }[]> {
    return (await this.checkpoint()).pending_operations ?? [];
  }

  private async checkpoint(): Promise<Checkpoint> {
    const stacks = join(this.state, ".pulumi", "stacks", "e2e", "dev.json");
    const { checkpoint }: { checkpoint: { latest: Checkpoint } } = JSON.parse(await readFile(stacks, "utf8"));
    return checkpoint.latest;
  }

  objects(type?: string): Promise<BackendObject[]> {
    return listObjects(this.world, type);
  }

  /** What was done to the world, without what was only looked at. */
  async effects(): Promise<Effect[]> {
    return (await readJournal(this.world)).filter(({ kind }) => kind !== "read");
  }

  /** The kinds of effects on the object of a resource, oldest first. */
  async effectsOn(name: string): Promise<string[]> {
    return (await this.effects()).filter(({ urn }) => nameOf(urn) === name).map(({ kind }) => kind);
  }
}

interface Checkpoint {
  readonly resources?: RecordedResource[];
  readonly pending_operations?: readonly { readonly type: string; readonly resource: RecordedResource }[];
}

/** The name that a program gave the resource of a URN. */
export function nameOf(urn: string): string {
  return urn.slice(urn.lastIndexOf("::") + 2);
}
