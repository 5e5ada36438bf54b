import type * as z from "zod";
import type { Log } from "./call.ts";
import type { Contradiction } from "./compile.ts";
import { compileShape } from "./compile.ts";
import type { ComponentDescriptor } from "./component.ts";
import { shapeContradictions } from "./contradictions.ts";
import type { ProviderFunction } from "./function.ts";
import { later } from "./later.ts";
import { type PackageInfo, tokenOf } from "./package.ts";
import type { Properties, Resource } from "./resource.ts";
import { sdkContradictions } from "./sdk-contradictions.ts";
import type { ObjectShape } from "./shape.ts";
import { typesOf } from "./types.ts";

export { type PackageInfo, tokenOf } from "./package.ts";

export interface ConfigureContext {
  readonly log: Log;
  readonly signal: AbortSignal;
}

/** A component as a provider lists it: the descriptor here, the body where the wire is known. */
export interface ProviderComponent {
  readonly descriptor: ComponentDescriptor;
}

/** A provider as data and behaviour. */
export interface ProviderDefinition<C extends z.ZodObject, Client, Component extends ProviderComponent> {
  readonly info: PackageInfo;
  readonly config: C;
  /** Makes what every handler gets as its `client`. Runs once per instance of the provider. */
  configure(config: z.output<C>, context: ConfigureContext): Promise<Client>;
  /**
   * What tells the world that a client works in from others. Two providers of a program that say the same here are known
   * to share their objects, so that a resource which passes from one to the other is not deleted behind itself.
   */
  worldOf?(client: Client): string;
  readonly resources?: readonly Resource<Client>[];
  readonly functions?: readonly ProviderFunction<Client>[];
  readonly components?: readonly Component[];
}

/** A provider that a wire can serve. */
export interface Provider<Client = unknown, Component extends ProviderComponent = ProviderComponent> {
  readonly info: PackageInfo;
  readonly config: ObjectShape;
  configure(config: Properties, context: ConfigureContext): Promise<Client>;
  worldOf?(client: Client): string;
  readonly resources: ReadonlyMap<string, Resource<Client>>;
  readonly functions: ReadonlyMap<string, ProviderFunction<Client>>;
  readonly components: ReadonlyMap<string, Component>;
}

/** A provider whose descriptors contradict themselves; the message names every contradiction and its place. */
export class DescriptorError extends Error {
  declare readonly contradictions: readonly Contradiction[];

  constructor(provider: string, contradictions: readonly Contradiction[]) {
    const lines = contradictions.map(({ at, problem }) => `  ${at}: ${problem}`);
    super(`the descriptors of provider "${provider}" contradict themselves:\n${lines.join("\n")}`);
    this.name = "DescriptorError";
    // The reader is the author of the descriptors: frames of the kit and the same sentences again as data help nobody.
    this.stack = `${this.name}: ${this.message}`;
    Object.defineProperty(this, "contradictions", { value: contradictions, enumerable: false });
  }
}

/**
 * Puts a provider together and reads all its descriptors; in a build for production (`NODE_ENV`, as bundlers put it into
 * the code) each only when it is needed, because they were read when it was built.
 *
 * @throws DescriptorError if a descriptor contradicts itself or another one
 */
export function defineProvider<C extends z.ZodObject, Client, Component extends ProviderComponent = ProviderComponent>(
  definition: ProviderDefinition<C, Client, Component>,
): Provider<Client, Component> {
  const { info, resources = [], components = [], functions = [] } = definition;
  const reported: Contradiction[] = [];
  const config = later(() => {
    const report = (contradiction: Contradiction) => reported.push(contradiction);
    return compileShape(definition.config, { at: "config", typeName: "Config", report }) as ObjectShape; // a z.object compiles to an object
  });
  const index = <T extends Described>(list: readonly T[]) =>
    new Map(list.map((item) => [tokenOf(info, item.descriptor.name), item]));
  const provider: Provider<Client, Component> = {
    info,
    get config() {
      return config();
    },
    configure: (values, context) => definition.configure(definition.config.parse(values), context),
    ...(definition.worldOf !== undefined && { worldOf: definition.worldOf.bind(definition) }),
    resources: index(resources),
    components: index(components),
    functions: index(functions),
  };
  if (process.env.NODE_ENV !== "production") {
    const described = { resource: resources, component: components, function: functions };
    const found = [...infoContradictions(info), ...shapeContradictions(config(), "config", "config")];
    found.push(...reported, ...listContradictions(described));
    typesOf(provider, (contradiction) => found.push(contradiction));
    found.push(...sdkContradictions(provider));
    if (found.length > 0) throw new DescriptorError(info.name, found);
  }
  return provider;
}

/** What a provider lists. */
interface Described {
  readonly descriptor: { readonly name: string; readonly contradictions: readonly Contradiction[] };
}

function infoContradictions({ name, version }: PackageInfo): Contradiction[] {
  const found: Contradiction[] = [];
  if (!/^[a-z][a-z0-9-]*$/.test(name) || ["pulumi", "input"].includes(name))
    found.push({ at: "info.name", problem: `"${name}" cannot be a package name` });
  if (!/^\d+\.\d+\.\d+(-[0-9A-Za-z.-]+)?(\+[0-9A-Za-z.-]+)?$/.test(version))
    found.push({ at: "info.version", problem: `"${version}" is no semantic version` });
  return found;
}

/** The contradictions of each, and names that are given twice. */
function listContradictions(lists: Readonly<Record<string, readonly Described[]>>): Contradiction[] {
  const found: Contradiction[] = [];
  const taken = new Map<string, string>();
  for (const [what, list] of Object.entries(lists)) {
    for (const { descriptor } of list) {
      const { name } = descriptor;
      found.push(...descriptor.contradictions);
      const other = taken.get(name.toLowerCase());
      if (other !== undefined) found.push({ at: name, problem: `there is already a ${other} of this name` });
      taken.set(name.toLowerCase(), what);
    }
  }
  return found;
}
