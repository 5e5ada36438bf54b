import type * as fc from "fast-check";
import { describe } from "./answer.ts";
import * as calls from "./calls.ts";
import { inputsFromSchema, objectArbitrary, type ResourceGenerator } from "./generators.ts";
import { Plugin, type PluginCommand } from "./plugin.ts";
import type { PackageSchema, ResourceSchema } from "./schema.ts";
import type { JsonMap } from "./wire.ts";

/** What a provider's world can tell about what was done to it. */
export interface SideEffects {
  /** How often something was written, ever. */
  count(): Promise<number>;
  /** The ids of the objects that exist, with the URN for which each was made. */
  objects(): Promise<readonly { readonly id: string; readonly urn: string }[]>;
}

/** A provider under test. */
export interface SubjectOptions extends PluginCommand {
  readonly name: string;
  /** The configuration of the provider, without secrets. Default: none. */
  readonly config?: JsonMap;
  /** For resources whose inputs the schema alone does not describe. */
  readonly generators?: Readonly<Record<string, ResourceGenerator>>;
  /** For functions whose arguments the schema alone does not describe, or that would reach out with guessed ones. */
  readonly functionArguments?: Readonly<Record<string, fc.Arbitrary<JsonMap>>>;
  /** Arguments of all other functions, by name, that must name something which the provider's world has. */
  readonly knownArguments?: JsonMap;
  /** Absent where the provider's world cannot be looked at; laws that need it are then skipped. */
  readonly sideEffects?: SideEffects;
  /** The letters of the laws that are about something which the provider does not have yet. Default: none. */
  readonly without?: readonly string[];
  /** Removes the provider's world when all is done. */
  readonly dispose?: () => Promise<void>;
  /** How many cases of each property are tried per resource. Default 8. */
  readonly runs?: number;
}

/** The same arguments, with those that must be known ones. */
function withKnown(args: JsonMap, known: JsonMap): JsonMap {
  return Object.fromEntries(Object.entries(args).map(([name, value]) => [name, known[name] ?? value]));
}

/** A resource under test. */
export interface SubjectResource {
  readonly token: string;
  readonly schema: ResourceSchema;
  readonly generator: ResourceGenerator;
  /** True if the generator was made from the schema: then a Check may refuse what it makes. */
  readonly guessed: boolean;
}

let serial = 0;

/** A provider under test, and a process of it that the laws share as long as they leave it alive. */
export class Subject {
  readonly options: SubjectOptions;
  readonly schema: PackageSchema;
  readonly resources: readonly SubjectResource[];
  readonly runs: number;
  #shared: Promise<Plugin> | undefined;

  private constructor(options: SubjectOptions, schema: PackageSchema) {
    this.options = options;
    this.schema = schema;
    this.runs = options.runs ?? 8;
    this.resources = Object.entries(schema.resources ?? {})
      .filter(([, resource]) => resource.isComponent !== true)
      .map(([token, resource]) => {
        const generator = options.generators?.[token];
        return {
          token,
          schema: resource,
          generator: generator ?? { inputs: inputsFromSchema(schema, resource) },
          guessed: generator === undefined,
        };
      });
  }

  /** Asks the provider for its schema. */
  static async open(options: SubjectOptions): Promise<Subject> {
    const plugin = await Plugin.start(options);
    try {
      const schema = await calls.getSchema(plugin);
      if (!schema.ok) throw new Error(`${options.name} does not give its schema: ${describe(schema)}`);
      return new Subject(options, JSON.parse(schema.response));
    } finally {
      await plugin.stop();
    }
  }

  /** The functions, methods apart, each with arguments to try it with. */
  get functions(): readonly { readonly token: string; readonly inputs: fc.Arbitrary<JsonMap> }[] {
    return Object.entries(this.schema.functions ?? {})
      .filter(([token]) => !token.includes("/"))
      .map(([token, { inputs }]) => ({
        token,
        inputs:
          this.options.functionArguments?.[token] ??
          objectArbitrary(this.schema, inputs?.properties ?? {}, inputs?.required ?? [], 0).map((args) =>
            withKnown(args, this.options.knownArguments ?? {}),
          ),
      }));
  }

  /** A process of its own, greeted and configured as the engine does it. */
  async start(): Promise<Plugin> {
    const plugin = await Plugin.start(this.options);
    try {
      const greeted = await calls.handshake(plugin);
      if (!greeted.ok) throw new Error(`Handshake failed: ${describe(greeted)}`);
      await this.configure(plugin);
      return plugin;
    } catch (error) {
      await plugin.kill();
      throw error;
    }
  }

  /** Begins a deployment as the engine does it. */
  async configure(plugin: Plugin): Promise<void> {
    const checked = await calls.checkConfig(plugin, this.schema.name, this.options.config ?? {});
    if (!checked.ok) throw new Error(`CheckConfig failed: ${describe(checked)}`);
    const configured = await calls.configure(plugin, this.schema.name, checked.response.inputs);
    if (!configured.ok) throw new Error(`Configure failed: ${describe(configured)}`);
  }

  /** The shared process; a new one if a law ended it. */
  async plugin(): Promise<Plugin> {
    const running = await this.#shared;
    if (running === undefined || !running.alive) this.#shared = this.start();
    return (await this.#shared) ?? this.plugin();
  }

  /** Runs with a process of its own, which is gone afterwards. */
  async withPlugin<T>(use: (plugin: Plugin) => Promise<T>): Promise<T> {
    const plugin = await this.start();
    try {
      return await use(plugin);
    } finally {
      await plugin.kill();
    }
  }

  async close(): Promise<void> {
    await (await this.#shared)?.stop();
    await this.options.dispose?.();
  }
}

/** A resource of a program that nothing else uses. */
export function newTarget(type: string): calls.Target {
  serial += 1;
  const name = `object-${process.pid}-${Date.now().toString(36)}-${serial}`;
  return { urn: `urn:pulumi:conformance::${name}::${type}::${name}`, name, type };
}
