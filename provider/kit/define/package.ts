import type { ComponentDescriptor } from "./component.ts";
import type { FunctionDescriptor } from "./function.ts";
import type { ResourceDescriptor } from "./resource.ts";
import type { ObjectShape } from "./shape.ts";

/** What the registry and the package managers say about the package. */
export interface PackageInfo {
  /** The name in type tokens and in configuration: `kace`. */
  readonly name: string;
  readonly displayName: string;
  /** Semantic version without `v`. */
  readonly version: string;
  readonly description: string;
  readonly keywords?: readonly string[];
  readonly homepage?: string;
  readonly license?: string;
  readonly repository?: string;
  readonly publisher?: string;
  readonly logoUrl?: string;
  /** Where the plugin's archives are found, in the form of Pulumi's `pluginDownloadURL`. */
  readonly pluginDownloadUrl?: string;
  /** Names of the SDK packages, per language. */
  readonly sdks?: {
    readonly nodejs?: string;
    readonly python?: string;
    readonly go?: string;
    readonly dotnet?: string;
    readonly java?: string;
  };
}

/** Everything that a package describes, by token: what its schema, its SDKs and its documentation are made of. */
export interface PackageContents {
  readonly config: ObjectShape;
  readonly resources: ReadonlyMap<string, { readonly descriptor: ResourceDescriptor }>;
  readonly functions: ReadonlyMap<string, { readonly descriptor: FunctionDescriptor }>;
  readonly components: ReadonlyMap<string, { readonly descriptor: ComponentDescriptor }>;
}

/** The module of every token. One module keeps imports in all SDKs short. */
export const MODULE = "index";

/** The token of a resource, function, component or type: `kace:index:AgentToken`. */
export function tokenOf(info: PackageInfo, name: string): string {
  return `${info.name}:${MODULE}:${name}`;
}
