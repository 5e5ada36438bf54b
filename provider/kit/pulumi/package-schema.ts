/**
 * The parts of Pulumi's package schema that this kit writes, as types. Their meaning is told by the metaschema
 * `pkg/codegen/schema/pulumi.json` in pulumi/pulumi; the names here are those of its definitions.
 */

/** A type where it is used. */
export interface TypeSpec {
  readonly type?: "boolean" | "integer" | "number" | "string" | "array" | "object";
  readonly $ref?: string;
  readonly items?: TypeSpec;
  readonly additionalProperties?: TypeSpec;
  readonly oneOf?: readonly TypeSpec[];
  readonly discriminator?: { readonly propertyName: string; readonly mapping: Readonly<Record<string, string>> };
}

export interface PropertySpec extends TypeSpec {
  readonly description?: string;
  readonly const?: Scalar;
  readonly default?: Scalar;
  readonly defaultInfo?: { readonly environment: readonly string[] };
  readonly deprecationMessage?: string;
  readonly secret?: true;
  readonly willReplaceOnChanges?: true;
  readonly language?: Readonly<Record<string, unknown>>;
}

export interface ObjectTypeSpec {
  readonly type: "object";
  readonly description?: string;
  readonly properties?: Readonly<Record<string, PropertySpec>>;
  readonly required?: readonly string[];
}

export interface EnumTypeSpec {
  readonly type: "boolean" | "integer" | "number" | "string";
  readonly description?: string;
  readonly enum: readonly EnumValueSpec[];
}

export interface EnumValueSpec {
  readonly name: string;
  readonly value: Scalar;
  readonly description?: string;
}

export interface ResourceSpec {
  readonly description: string;
  readonly properties?: Readonly<Record<string, PropertySpec>>;
  readonly required?: readonly string[];
  readonly inputProperties?: Readonly<Record<string, PropertySpec>>;
  readonly requiredInputs?: readonly string[];
  readonly stateInputs?: ObjectTypeSpec;
  readonly listInputs?: ObjectTypeSpec;
  readonly aliases?: readonly { readonly type: string }[];
  readonly deprecationMessage?: string;
  readonly isComponent?: true;
  readonly methods?: Readonly<Record<string, string>>;
}

export interface FunctionSpec {
  readonly description: string;
  readonly inputs?: ObjectTypeSpec;
  readonly outputs?: ObjectTypeSpec;
  readonly deprecationMessage?: string;
}

/** A whole `schema.json`. */
export interface PackageSchema {
  readonly name: string;
  readonly displayName: string;
  readonly version: string;
  readonly description: string;
  readonly keywords?: readonly string[];
  readonly homepage?: string;
  readonly license?: string;
  readonly repository?: string;
  readonly publisher?: string;
  readonly logoUrl?: string;
  readonly pluginDownloadURL?: string;
  readonly meta: { readonly moduleFormat: string };
  readonly language: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
  readonly config?: { readonly variables: Readonly<Record<string, PropertySpec>> };
  readonly provider: ResourceSpec;
  readonly types?: Readonly<Record<string, ObjectTypeSpec | EnumTypeSpec>>;
  readonly resources?: Readonly<Record<string, ResourceSpec>>;
  readonly functions?: Readonly<Record<string, FunctionSpec>>;
}

export type Scalar = string | number | boolean;

/** The same object type with `undefined` allowed everywhere. */
type Loose<T> = { readonly [K in keyof T]: T[K] | undefined };

/**
 * An object without the keys that say nothing: `undefined`, empty lists and empty maps. Pulumi leaves those out when
 * it writes a schema itself, so the file and what `pulumi package get-schema` prints stay the same.
 */
export function compact<T extends object>(loose: Loose<T>): T {
  const entries = Object.entries(loose).filter(([, value]) => value !== undefined && !isEmpty(value));
  return Object.fromEntries(entries) as T; // only keys that T lets be absent may be undefined or empty
}

function isEmpty(value: unknown): boolean {
  return typeof value === "object" && value !== null && Object.keys(value).length === 0;
}

/** A map in the order of its keys, so that a schema does not depend on the order of definitions. */
export function sorted<T>(entries: Iterable<readonly [string, T]>): Record<string, T> {
  return Object.fromEntries([...entries].sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0)));
}
