import { dirname } from "node:path";
import * as automation from "@pulumi/pulumi/automation/index.js";
import { expect } from "vitest";
import { environmentOf, pulumiCli } from "./cli.ts";
import { nameOf, Project, type ProjectOptions } from "./project.ts";

/** A step of the engine, as its event says it. */
export type Step = automation.StepEventMetadata;

/** What an operation showed: everything that was printed, and the steps by the name of their resource. */
export interface Shown {
  readonly output: string;
  readonly failed: boolean;
  /** The last step of each resource that is not `same`; the program itself and its providers are left out. */
  readonly steps: Readonly<Record<string, Step>>;
}

type Watch = { readonly onOutput: (text: string) => void; readonly onEvent: (event: automation.EngineEvent) => void };

/**
 * A stack whose program is a function of the test, run by the real SDK and the real engine through Pulumi's
 * Automation API.
 */
export class InlineStack {
  readonly project: Project;
  readonly #stack: automation.Stack;

  private constructor(project: Project, stack: automation.Stack) {
    this.project = project;
    this.#stack = stack;
  }

  static async create(program: automation.PulumiFn, options: ProjectOptions = {}): Promise<InlineStack> {
    const project = await Project.empty(options);
    const { command } = await pulumiCli();
    // The type of the settings does not know `plugins`, the CLI does.
    const projectSettings = {
      name: "e2e",
      runtime: "nodejs",
      main: project.folder,
      plugins: { providers: [{ name: project.plugin.name, path: project.plugin.path }] },
    };
    const stack = await automation.LocalWorkspace.createOrSelectStack(
      { projectName: "e2e", stackName: "dev", program },
      {
        workDir: project.folder,
        pulumiHome: project.home,
        envVars: await environmentOf(project),
        pulumiCommand: await automation.PulumiCommand.get({ root: dirname(dirname(command)) }),
        projectSettings,
        stackSettings: { dev: { config: { ...project.plugin.config, ...options.config } } },
      },
    );
    for (const [key, value] of Object.entries(options.secretConfig ?? {})) {
      await stack.setConfig(key, { value, secret: true });
    }
    return new InlineStack(project, stack);
  }

  /** The program that runs from now on. */
  set program(program: automation.PulumiFn) {
    this.#stack.workspace.program = program;
  }

  preview(): Promise<Shown> {
    return this.#succeed("preview", (watch) => this.#stack.preview({ diff: true, ...watch }));
  }

  failingPreview(): Promise<Shown> {
    return this.#fail("preview", (watch) => this.#stack.preview(watch));
  }

  up(): Promise<Shown> {
    return this.#succeed("up", (watch) => this.#stack.up(watch));
  }

  failingUp(): Promise<Shown> {
    return this.#fail("up", (watch) => this.#stack.up(watch));
  }

  destroy(): Promise<Shown> {
    return this.#succeed("destroy", (watch) => this.#stack.destroy(watch));
  }

  failingDestroy(): Promise<Shown> {
    return this.#fail("destroy", (watch) => this.#stack.destroy(watch));
  }

  outputs(): Promise<automation.OutputMap> {
    return this.#stack.outputs();
  }

  /** The same promise as {@link Project.expectSettled}. */
  async expectSettled(): Promise<void> {
    await this.#succeed("preview", (watch) => this.#stack.preview({ expectNoChanges: true, diff: true, ...watch }));
    await this.#succeed("refresh", (watch) => this.#stack.refresh({ expectNoChanges: true, ...watch }));
    await this.project.expectNoSecretInState();
  }

  async #succeed(what: string, operation: (watch: Watch) => Promise<unknown>): Promise<Shown> {
    const shown = await this.#watch(what, operation);
    expect(shown.failed, shown.output).toBe(false);
    return shown;
  }

  async #fail(what: string, operation: (watch: Watch) => Promise<unknown>): Promise<Shown> {
    const shown = await this.#watch(what, operation);
    expect(shown.failed, shown.output).toBe(true);
    return shown;
  }

  async #watch(what: string, operation: (watch: Watch) => Promise<unknown>): Promise<Shown> {
    let output = "";
    let failed = false;
    const steps: Record<string, Step> = {};
    const watch: Watch = {
      onOutput: (text) => (output += text),
      onEvent: ({ resourcePreEvent }) => {
        const step = resourcePreEvent?.metadata;
        if (step === undefined || step.op === "same" || step.type.startsWith("pulumi:")) return;
        steps[nameOf(step.urn)] = step;
      },
    };
    try {
      await operation(watch);
    } catch (error) {
      if (!(error instanceof automation.CommandError)) throw error;
      failed = true;
      if (output === "") output = error.message; // it ended before it had anything to show
    }
    this.project.expectNoSecretIn(output, `the output of ${what}`);
    return { output, failed, steps };
  }
}
