import * as z from "zod";
import { type PropertyMeta, strangeMetaKeys } from "./meta.ts";
import type { ArrayShape, EnumShape, MapShape, ObjectShape, Shape, UnionShape } from "./shape.ts";
import { isValueMap, type Value } from "./value.ts";

/** Where a contradiction of a descriptor stands and what it is; the reader is the author of the descriptor. */
export interface Contradiction {
  readonly at: string;
  readonly problem: string;
}

/** What compiling one object schema needs to know and where it reports. */
export interface CompileContext {
  /** The place in the descriptor, for messages: `Thing.inputs`. */
  readonly at: string;
  /** The name of the type if the schema gives none. */
  readonly typeName: string;
  readonly report: (contradiction: Contradiction) => void;
  /** Schemas already under way, so that a type may contain itself. */
  readonly known?: Map<z.core.$ZodType, Shape>;
}

type Mutable<T> = { -readonly [K in keyof T]: T[K] };

/** Wrappers peeled off a schema. */
interface Peeled {
  core: z.core.$ZodType;
  meta: PropertyMeta;
  optional: boolean;
  nullable: boolean;
  defaultValue: unknown;
  hasDefault: boolean;
}

function isClassic(schema: z.core.$ZodType): schema is z.ZodType {
  return schema instanceof z.ZodType;
}

function peel(schema: z.core.$ZodType, context: CompileContext): Peeled {
  const peeled: Peeled = {
    core: schema,
    meta: {},
    optional: false,
    nullable: false,
    defaultValue: undefined,
    hasDefault: false,
  };
  for (;;) {
    const current = peeled.core;
    if (isClassic(current)) {
      for (const key of strangeMetaKeys(current)) {
        context.report({ at: context.at, problem: `the metadata "${key}" means nothing here` });
      }
      peeled.meta = { ...current.meta(), ...peeled.meta };
    }
    if (current instanceof z.core.$ZodOptional) peeled.optional = true;
    else if (current instanceof z.core.$ZodNullable) peeled.nullable = true;
    else if (current instanceof z.core.$ZodDefault) {
      peeled.optional = true;
      if (!peeled.hasDefault) peeled.defaultValue = current._zod.def.defaultValue;
      peeled.hasDefault = true;
    } else if (!(current instanceof z.core.$ZodReadonly)) return peeled;
    peeled.core = current._zod.def.innerType;
  }
}

function defaultOf(peeled: Peeled, context: CompileContext): Value | undefined {
  if (!peeled.hasDefault) return undefined;
  const value: unknown = peeled.defaultValue;
  if (isJson(value)) return value;
  context.report({ at: context.at, problem: "the default is not a JSON value" });
  return undefined;
}

function isJson(value: unknown): value is Value {
  if (value === null || typeof value === "string" || typeof value === "boolean") return true;
  if (typeof value === "number") return Number.isFinite(value);
  if (Array.isArray(value)) return value.every(isJson);
  return typeof value === "object" && Object.getPrototypeOf(value) === Object.prototype && Object.values(value).every(isJson);
}

/** Makes a type name of a property name or a value: `nameServer` -> `NameServer`, `web-hook` -> `WebHook`. */
function pascal(name: string): string {
  const words = name.split(/[^A-Za-z0-9]+/);
  return words.map((word) => word.slice(0, 1).toUpperCase() + word.slice(1)).join("");
}

/** `hosts` -> `Host`, so that the items of a list have a name for one of them. */
function singular(typeName: string): string {
  if (/(?:ss|us|is)$/.test(typeName) || !typeName.endsWith("s")) return `${typeName}Item`;
  if (typeName.endsWith("ies")) return `${typeName.slice(0, -3)}y`;
  return typeName.slice(0, -1);
}

/**
 * Reads a zod schema into a {@link Shape}. What cannot be said on every wire (tuples, dates, transforms, objects
 * that let unknown keys pass) is reported as a contradiction and read as "any".
 */
export function compileShape(schema: z.core.$ZodType, context: CompileContext): Shape {
  const peeled = peel(schema, context);
  const known = context.known ?? new Map<z.core.$ZodType, Shape>();
  const inner: CompileContext = { ...context, known };
  const core = peeled.core;
  const base = {
    meta: peeled.meta,
    optional: peeled.optional,
    nullable: peeled.nullable,
    defaultValue: defaultOf(peeled, context),
    schema: isClassic(core) ? core : z.any(),
    hasRules: ruleCount(core) > 0,
  };
  const special = peeled.meta.special;
  if (special !== undefined) {
    if (special.kind === "reference") return { ...base, kind: "reference", resource: special.resource };
    return { ...base, kind: special.kind, hasRules: true };
  }
  if (core instanceof z.core.$ZodString) return { ...base, kind: "text", hasRules: base.hasRules || "format" in core._zod.def };
  if (core instanceof z.core.$ZodTemplateLiteral) return { ...base, kind: "text", hasRules: true };
  if (core instanceof z.core.$ZodNumber) {
    return core instanceof z.ZodNumber && core.isInt ? { ...base, kind: "integer", hasRules: true } : { ...base, kind: "number" };
  }
  if (core instanceof z.core.$ZodBoolean) return { ...base, kind: "boolean" };
  if (core instanceof z.core.$ZodAny || core instanceof z.core.$ZodUnknown) return { ...base, kind: "any" };
  if (core instanceof z.core.$ZodEnum) {
    return enumShape(base, Object.values(core._zod.def.entries), context);
  }
  if (core instanceof z.core.$ZodLiteral) return enumShape(base, core._zod.def.values, context);
  if (core instanceof z.core.$ZodLazy) {
    const target = compileShape(core._zod.def.getter(), inner);
    return { ...target, meta: { ...target.meta, ...base.meta }, optional: base.optional || target.optional, nullable: base.nullable || target.nullable };
  }
  if (core instanceof z.core.$ZodObject) return compileObject(core, base, inner);
  if (core instanceof z.core.$ZodArray) {
    const shape: ArrayShape = {
      ...base,
      kind: "array",
      items: compileShape(core._zod.def.element, { ...inner, at: `${context.at}[]`, typeName: singular(context.typeName) }),
    };
    return shape;
  }
  if (core instanceof z.core.$ZodRecord) {
    const shape: MapShape = {
      ...base,
      kind: "map",
      hasRules: base.hasRules || ruleCount(core._zod.def.keyType) > 0,
      values: compileShape(core._zod.def.valueType, { ...inner, at: `${context.at}{}`, typeName: singular(context.typeName) }),
    };
    return shape;
  }
  if (core instanceof z.core.$ZodUnion) return compileUnion(core, base, inner);
  context.report({
    at: context.at,
    problem: `zod's "${core._zod.def.type}" cannot be sent to every language; use a string, number, boolean, enum, object, array, record, union, asset, archive or resource reference`,
  });
  return { ...base, kind: "any" };
}

function ruleCount(schema: z.core.$ZodType): number {
  return schema._zod.def.checks?.length ?? 0;
}

type Base = Pick<Shape, "meta" | "optional" | "nullable" | "defaultValue" | "schema" | "hasRules">;

function enumShape(base: Base, values: readonly unknown[], context: CompileContext): Shape {
  const allowed = values.filter((value) => typeof value === "string" || typeof value === "number" || typeof value === "boolean");
  const kinds = new Set(allowed.map((value) => typeof value));
  if (allowed.length !== values.length || kinds.size !== 1) {
    context.report({ at: context.at, problem: "the values of an enum must be all strings, all numbers or all booleans" });
  }
  const shape: EnumShape = {
    ...base,
    kind: "enum",
    values: allowed,
    typeName: allowed.length > 1 ? (base.meta.typeName ?? context.typeName) : undefined,
  };
  return shape;
}

function compileObject(core: z.core.$ZodObject, base: Base, context: CompileContext): ObjectShape {
  const before = context.known?.get(core);
  if (before?.kind === "object") return { ...before, ...base };
  const catchall = core._zod.def.catchall;
  if (catchall !== undefined && !(catchall instanceof z.core.$ZodNever)) {
    context.report({ at: context.at, problem: "an object cannot let unknown keys pass; use a record" });
  }
  const properties = new Map<string, Shape>();
  const aliases = new Map<string, string>();
  const typeName = base.meta.typeName ?? context.typeName;
  const shape: Mutable<ObjectShape> = { ...base, kind: "object", typeName, properties, aliases };
  context.known?.set(core, shape);
  for (const [name, schema] of Object.entries(core._zod.def.shape)) {
    properties.set(name, compileShape(schema, { ...context, at: `${context.at}.${name}`, typeName: `${typeName}${pascal(name)}` }));
  }
  for (const [name, property] of properties) {
    for (const alias of property.meta.aliases ?? []) {
      if (properties.has(alias) || aliases.has(alias)) {
        context.report({ at: `${context.at}.${name}`, problem: `the alias "${alias}" is the name of another property` });
      }
      aliases.set(alias, name);
    }
  }
  return shape;
}

function compileUnion(core: z.core.$ZodUnion, base: Base, context: CompileContext): Shape {
  const discriminator =
    core instanceof z.core.$ZodDiscriminatedUnion ? core._zod.def.discriminator : undefined;
  const options = core._zod.def.options.map((option, index) =>
    compileShape(option, { ...context, typeName: optionName(option, discriminator, context.typeName, index) }),
  );
  const shape: UnionShape = { ...base, kind: "union", options, discriminator };
  const kinds = options.map((option) => (option.kind === "integer" || option.kind === "number" ? "number" : option.kind));
  if (discriminator !== undefined) {
    const ok = options.every((option) => option.kind === "object" && option.properties.get(discriminator)?.kind === "enum");
    if (!ok) context.report({ at: context.at, problem: `each option must be an object whose "${discriminator}" is a constant` });
  } else if (new Set(kinds).size !== kinds.length || kinds.includes("any")) {
    context.report({
      at: context.at,
      problem: "the options of a union cannot be told apart; use z.discriminatedUnion",
    });
  }
  return shape;
}

function optionName(option: z.core.$ZodType, discriminator: string | undefined, typeName: string, index: number): string {
  if (discriminator !== undefined && option instanceof z.core.$ZodObject) {
    const tag = option._zod.def.shape[discriminator];
    if (tag instanceof z.core.$ZodLiteral) return `${typeName}${pascal(String(tag._zod.def.values[0]))}`;
  }
  return `${typeName}Option${index + 1}`;
}

/** True if a default value is, or holds, an object: SDKs can only carry scalar defaults. */
export function isScalar(value: Value): value is string | number | boolean {
  return value !== null && !Array.isArray(value) && !isValueMap(value) && typeof value !== "object";
}
