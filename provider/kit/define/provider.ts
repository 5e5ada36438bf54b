import type * as z from "zod";
import type { Log } from "./call.ts";
import type { Contradiction } from "./compile.ts";
import { compileShape } from "./compile.ts";
import type { ComponentDescriptor } from "./component.ts";
import { shapeContradictions } from "./contradictions.ts";
import type { ProviderFunction } from "./function.ts";
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
  readonly resources?: readonly Resource<Client>[];
  readonly functions?: readonly ProviderFunction<Client>[];
  readonly components?: readonly Component[];
}

/** A provider that a wire can serve. */
export interface Provider<Client = unknown, Component extends ProviderComponent = ProviderComponent> {
  readonly info: PackageInfo;
  readonly config: ObjectShape;
  configure(config: Properties, context: ConfigureContext): Promise<Client>;
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
 * Puts a provider together and reads all its descriptors.
 *
 * @throws DescriptorError if a descriptor contradicts itself or another one
 */
export function defineProvider<C extends z.ZodObject, Client, Component extends ProviderComponent = ProviderComponent>(
  definition: ProviderDefinition<C, Client, Component>,
): Provider<Client, Component> {
  const { info } = definition;
  const contradictions: Contradiction[] = [];
  const report = (contradiction: Contradiction) => contradictions.push(contradiction);
  if (!/^[a-z][a-z0-9-]*$/.test(info.name) || ["pulumi", "input"].includes(info.name))
    report({ at: "info.name", problem: `"${info.name}" cannot be a package name` });
  if (!/^\d+\.\d+\.\d+(-[0-9A-Za-z.-]+)?(\+[0-9A-Za-z.-]+)?$/.test(info.version))
    report({ at: "info.version", problem: `"${info.version}" is no semantic version` });
  const config = compileShape(definition.config, { at: "config", typeName: "Config", report }) as ObjectShape; // a z.object compiles to an object
  contradictions.push(...shapeContradictions(config, "config", "config"));

  const taken = new Map<string, string>();
  const index = <
    T extends { readonly descriptor: { readonly name: string; readonly contradictions: readonly Contradiction[] } },
  >(
    list: readonly T[],
    what: string,
  ) => {
    const byToken = new Map<string, T>();
    for (const item of list) {
      const { name } = item.descriptor;
      contradictions.push(...item.descriptor.contradictions);
      const other = taken.get(name.toLowerCase());
      if (other !== undefined) report({ at: name, problem: `there is already a ${other} of this name` });
      taken.set(name.toLowerCase(), what);
      byToken.set(tokenOf(info, name), item);
    }
    return byToken;
  };
  const provider: Provider<Client, Component> = {
    info,
    config,
    configure: (values, context) => definition.configure(definition.config.parse(values), context),
    resources: index(definition.resources ?? [], "resource"),
    components: index(definition.components ?? [], "component"),
    functions: index(definition.functions ?? [], "function"),
  };
  typesOf(provider, report);
  contradictions.push(...sdkContradictions(provider));
  if (contradictions.length > 0) throw new DescriptorError(info.name, contradictions);
  return provider;
}
