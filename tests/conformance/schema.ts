import {
  ARCHIVE,
  ASSET,
  childrenOf,
  formatPath,
  isMap,
  isUnknown,
  type Json,
  type JsonMap,
  open,
  type Path,
  REFERENCE,
  signatureOf,
} from "./wire.ts";

/** The parts of a package's schema.json that say how values look. */
export interface PackageSchema {
  readonly name: string;
  readonly version?: string;
  readonly config?: { readonly variables?: Properties; readonly required?: readonly string[] };
  readonly provider?: { readonly inputProperties?: Properties; readonly requiredInputs?: readonly string[] };
  readonly types?: Readonly<Record<string, NamedType>>;
  readonly resources?: Readonly<Record<string, ResourceSchema>>;
  readonly functions?: Readonly<Record<string, FunctionSchema>>;
}

export type Properties = Readonly<Record<string, TypeSchema>>;

export interface TypeSchema {
  readonly type?: string;
  readonly $ref?: string;
  readonly items?: TypeSchema;
  readonly additionalProperties?: TypeSchema;
  readonly oneOf?: readonly TypeSchema[];
  readonly discriminator?: { readonly propertyName: string; readonly mapping?: Readonly<Record<string, string>> };
  readonly const?: Json;
  readonly default?: Json;
  readonly secret?: boolean;
  readonly willReplaceOnChanges?: boolean;
}

export interface NamedType {
  readonly type?: string;
  readonly properties?: Properties;
  readonly required?: readonly string[];
  readonly enum?: readonly { readonly value: Json }[];
}

export interface ResourceSchema {
  readonly inputProperties?: Properties;
  readonly requiredInputs?: readonly string[];
  readonly properties?: Properties;
  readonly required?: readonly string[];
  readonly isComponent?: boolean;
  readonly methods?: Readonly<Record<string, string>>;
}

export interface FunctionSchema {
  readonly inputs?: { readonly properties?: Properties; readonly required?: readonly string[] };
  readonly outputs?: { readonly properties?: Properties; readonly required?: readonly string[] };
}

/** What a type is once references are followed. */
export type Resolved =
  | { readonly kind: "string" | "number" | "integer" | "boolean" | "any" | "asset" | "archive" }
  | { readonly kind: "const"; readonly value: Json }
  | { readonly kind: "enum"; readonly values: readonly Json[] }
  | { readonly kind: "reference"; readonly token: string }
  | { readonly kind: "array"; readonly items: TypeSchema }
  | { readonly kind: "map"; readonly values: TypeSchema }
  | { readonly kind: "object"; readonly properties: Properties; readonly required: readonly string[] }
  | { readonly kind: "union"; readonly options: readonly TypeSchema[]; readonly discriminator: string | undefined };

/** Follows references until something stands there that has values. */
export function resolve(schema: PackageSchema, type: TypeSchema): Resolved {
  if (type.const !== undefined) return { kind: "const", value: type.const };
  // A union of enums and strings has both `type` and `oneOf`.
  if (type.oneOf !== undefined)
    return { kind: "union", options: type.oneOf, discriminator: type.discriminator?.propertyName };
  if (type.$ref !== undefined) return resolveReference(schema, type.$ref);
  switch (type.type) {
    case "string":
    case "number":
    case "integer":
    case "boolean":
      return { kind: type.type };
    case "array":
      return { kind: "array", items: type.items ?? { $ref: "pulumi.json#/Any" } };
    case "object":
      return { kind: "map", values: type.additionalProperties ?? { type: "string" } };
    default:
      throw new Error(`the schema has a type that means nothing: ${JSON.stringify(type)}`);
  }
}

function resolveReference(schema: PackageSchema, reference: string): Resolved {
  if (reference === "pulumi.json#/Any" || reference === "pulumi.json#/Json") return { kind: "any" };
  if (reference === "pulumi.json#/Asset") return { kind: "asset" };
  if (reference === "pulumi.json#/Archive") return { kind: "archive" };
  const [, section, token] = /^#\/(types|resources)\/(.+)$/.exec(reference) ?? [];
  if (token === undefined) throw new Error(`the schema refers to ${reference}, which this suite cannot follow`);
  if (section === "resources") return { kind: "reference", token: decodeURIComponent(token) };
  const named = schema.types?.[decodeURIComponent(token)] ?? schema.types?.[token];
  if (named === undefined) throw new Error(`the schema refers to ${reference} and does not have it`);
  if (named.enum !== undefined) return { kind: "enum", values: named.enum.map((entry) => entry.value) };
  return { kind: "object", properties: named.properties ?? {}, required: named.required ?? [] };
}

/** One way in which a value does not fit its schema. */
export interface Misfit {
  readonly path: Path;
  readonly problem: string;
}

/** How an object is compared with its schema. */
export interface FitOptions {
  /** Previews may leave out what they do not know. */
  readonly partial?: boolean;
  /** Whether what the schema calls secret must be marked. */
  readonly secrets?: boolean;
}

/** Everything in an object that its schema does not allow. Keys that begin with `__` are the provider's own. */
export function misfits(
  schema: PackageSchema,
  properties: Properties,
  required: readonly string[],
  value: JsonMap,
  options: FitOptions = {},
): Misfit[] {
  const found: Misfit[] = [];
  fitObject(schema, properties, required, value, [], options, found, false);
  return found;
}

export function describeMisfits(found: readonly Misfit[]): string {
  return found.map(({ path, problem }) => `  ${formatPath(path)}: ${problem}`).join("\n");
}

function fitObject(
  schema: PackageSchema,
  properties: Properties,
  required: readonly string[],
  value: Json,
  path: Path,
  options: FitOptions,
  found: Misfit[],
  hidden: boolean,
): void {
  for (const [key, child] of childrenOf(value)) {
    const name = String(key);
    const property = Object.hasOwn(properties, name) ? properties[name] : undefined;
    if (property !== undefined) fit(schema, property, child, [...path, name], options, found, hidden);
    else if (!name.startsWith("__")) found.push({ path: [...path, name], problem: "is not in the schema" });
  }
  if (options.partial === true && path.length === 0) return;
  const { value: map } = open(value);
  for (const name of required) {
    if (!isMap(map) || !Object.hasOwn(map, name))
      found.push({ path: [...path, name], problem: "is required by the schema and not there" });
  }
}

function fit(
  schema: PackageSchema,
  type: TypeSchema,
  value: Json,
  path: Path,
  options: FitOptions,
  found: Misfit[],
  hidden: boolean,
): void {
  const opened = open(value);
  const secret = hidden || opened.secret;
  if (type.secret === true && !secret && options.secrets !== false)
    found.push({ path, problem: "is secret by the schema and in plain text here" });
  if (isUnknown(value) || opened.value === null || opened.value === undefined) return;
  const inner = opened.value;
  const resolved = resolve(schema, type);
  const wrong = (expected: string) =>
    found.push({ path, problem: `expected ${expected}, got ${describeKind(inner, secret)}` });
  switch (resolved.kind) {
    case "any":
      return;
    case "string":
    case "boolean":
      if (typeof inner !== resolved.kind) wrong(`a ${resolved.kind}`);
      return;
    case "number":
      if (typeof inner !== "number") wrong("a number");
      return;
    case "integer":
      if (!Number.isInteger(inner)) wrong("a whole number");
      return;
    case "const":
      if (inner !== resolved.value) wrong(JSON.stringify(resolved.value));
      return;
    case "enum":
      if (!resolved.values.includes(inner)) wrong(`one of ${JSON.stringify(resolved.values)}`);
      return;
    case "asset":
      if (signatureOf(inner) !== ASSET) wrong("an asset");
      return;
    case "archive":
      if (signatureOf(inner) !== ARCHIVE) wrong("an archive");
      return;
    case "reference":
      if (signatureOf(inner) !== REFERENCE) wrong(`a reference to a ${resolved.token}`);
      return;
    case "array":
      if (!Array.isArray(inner)) wrong("a list");
      for (const [index, item] of childrenOf(inner))
        fit(schema, resolved.items, item, [...path, index], options, found, secret);
      return;
    case "map":
      if (!isMap(inner) || signatureOf(inner) !== undefined) wrong("a map");
      for (const [key, item] of childrenOf(inner))
        fit(schema, resolved.values, item, [...path, key], options, found, secret);
      return;
    case "object":
      if (!isMap(inner) || signatureOf(inner) !== undefined) wrong("an object");
      else fitObject(schema, resolved.properties, resolved.required, inner, path, options, found, secret);
      return;
    case "union":
      if (!resolved.options.some((option) => fitsOption(schema, option, inner, options)))
        wrong("one of the options of the union");
      return;
    default:
      resolved satisfies never;
  }
}

function fitsOption(schema: PackageSchema, option: TypeSchema, value: Json, options: FitOptions): boolean {
  const found: Misfit[] = [];
  fit(schema, option, value, [], options, found, false);
  return found.length === 0;
}

function describeKind(value: Json, secret: boolean): string {
  if (secret) return `a ${Array.isArray(value) ? "list" : typeof value}`;
  const text = JSON.stringify(value);
  return text.length > 80 ? `${text.slice(0, 80)}...` : text;
}
