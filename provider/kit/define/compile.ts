import * as z from "zod";
import { formatsOf, isClassic, peel, rulesOf } from "./peel.ts";
import type { EnumShape, ObjectShape, Shape, UnionShape } from "./shape.ts";
import { optionTypeName, propertyTypeName, singular } from "./type-names.ts";

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
  /** Objects that were read before: one schema is one type. */
  readonly known?: Map<z.core.$ZodType, ObjectShape>;
  /** The objects that this one stands in, by their definitions: metadata makes a new schema of the same definition. */
  readonly above?: ReadonlyMap<object, ObjectShape>;
  /** The lazy schemas that lead here without an object between. */
  readonly lazy?: readonly z.core.$ZodType[];
}

/** The parts of a shape that do not depend on its kind. */
type Base = Pick<Shape, "meta" | "optional" | "nullable" | "defaultValue" | "schema" | "hasRules">;

const INTEGER_FORMATS: ReadonlySet<string> = new Set(["safeint", "int32", "uint32"]);

/**
 * Reads a zod schema into a {@link Shape}. What cannot be said on every wire (tuples, dates, transforms, objects
 * that let unknown keys pass) is reported as a contradiction and read as "any".
 */
export function compileShape(schema: z.core.$ZodType, context: CompileContext): Shape {
  const report = (problem: string) => context.report({ at: context.at, problem });
  const { core, meta, optional, nullable, defaultValue } = peel(schema, report);
  const formats = formatsOf(core);
  const hasRules = rulesOf(core).length > 0 || formats.length > 0;
  const base: Base = { meta, optional, nullable, defaultValue, schema: isClassic(core) ? core : z.any(), hasRules };
  const inner: CompileContext = { ...context, known: context.known ?? new Map() };

  if (rulesOf(core).some((rule) => rule instanceof z.core.$ZodCheckOverwrite)) {
    report("a rule that changes the value (trim, toLowerCase) has no effect; refuse what is not right instead");
  }
  const { special } = meta;
  if (special?.kind === "reference") return { ...base, kind: "reference", resource: special.resource };
  if (special !== undefined) return { ...base, kind: special.kind, hasRules: true };
  if ("coerce" in core._zod.def && core._zod.def.coerce === true) {
    report("a value that is coerced has another type in programs; use the type itself");
  }
  if (core instanceof z.core.$ZodString) return { ...base, kind: "text" };
  if (core instanceof z.core.$ZodTemplateLiteral) return { ...base, kind: "text", hasRules: true };
  if (core instanceof z.core.$ZodNumber) {
    return { ...base, kind: formats.some((format) => INTEGER_FORMATS.has(format)) ? "integer" : "number" };
  }
  if (core instanceof z.core.$ZodBoolean) return { ...base, kind: "boolean" };
  if (core instanceof z.core.$ZodAny || core instanceof z.core.$ZodUnknown) return { ...base, kind: "any" };
  if (core instanceof z.core.$ZodEnum) return compileEnum([...core._zod.values], base, inner);
  if (core instanceof z.core.$ZodLiteral) return compileEnum(core._zod.def.values, base, inner);
  if (core instanceof z.core.$ZodLazy) return compileLazy(core, base, inner);
  if (core instanceof z.core.$ZodObject) return compileObject(core, base, inner);
  if (core instanceof z.core.$ZodArray) {
    const items = compileShape(core._zod.def.element, {
      ...inner,
      at: `${context.at}[]`,
      typeName: singular(context.typeName),
    });
    return { ...base, kind: "array", items };
  }
  if (core instanceof z.core.$ZodRecord) return compileMap(core, base, inner);
  if (core instanceof z.core.$ZodUnion) return compileUnion(core, base, inner);
  report(
    `zod's "${core._zod.def.type}" cannot be sent to every language; use a string, number, boolean, enum, object, array, record, union, asset, archive or resource reference`,
  );
  return { ...base, kind: "any" };
}

function compileEnum(values: readonly unknown[], base: Base, context: CompileContext): Shape {
  const allowed = values.filter(
    (value) => typeof value === "string" || typeof value === "number" || typeof value === "boolean",
  );
  const kinds = new Set(allowed.map((value) => typeof value));
  if (allowed.length !== values.length || kinds.size !== 1) {
    context.report({
      at: context.at,
      problem: "the values of an enum must be all strings, all numbers or all booleans",
    });
  }
  const typeName = allowed.length > 1 ? (base.meta.typeName ?? context.typeName) : undefined;
  const shape: EnumShape = { ...base, kind: "enum", values: allowed, typeName };
  return shape;
}

/** A lazy schema is what it stands for; what is said at the lazy schema itself comes first. */
function compileLazy(core: z.core.$ZodLazy, base: Base, context: CompileContext): Shape {
  const lazy = context.lazy ?? [];
  if (lazy.includes(core)) {
    context.report({ at: context.at, problem: "a type can contain itself only by way of an object" });
    return { ...base, kind: "any" };
  }
  const target = compileShape(core._zod.innerType, { ...context, lazy: [...lazy, core] });
  return {
    ...target,
    meta: { ...target.meta, ...base.meta },
    optional: base.optional || target.optional,
    nullable: base.nullable || target.nullable,
    defaultValue: base.defaultValue ?? target.defaultValue,
    schema: base.hasRules ? base.schema : target.schema,
    hasRules: base.hasRules || target.hasRules,
  };
}

function compileObject(core: z.core.$ZodObject, base: Base, context: CompileContext): ObjectShape {
  const before = context.known?.get(core) ?? itselfAbove(core, base, context);
  if (before !== undefined) return { ...before, ...base };
  const catchall = core._zod.def.catchall;
  if (catchall !== undefined && !(catchall instanceof z.core.$ZodNever)) {
    context.report({ at: context.at, problem: "an object cannot let unknown keys pass; use a record" });
  }
  const properties = new Map<string, Shape>();
  const aliases = new Map<string, string>();
  const typeName = base.meta.typeName ?? context.typeName;
  const shape: ObjectShape = { ...base, kind: "object", typeName, properties, aliases };
  context.known?.set(core, shape);
  const inner: CompileContext = {
    ...context,
    above: new Map([...(context.above ?? []), [core._zod.def, shape]]),
    lazy: [],
  };
  for (const [name, schema] of Object.entries(core._zod.def.shape)) {
    const place = { at: `${context.at}.${name}`, typeName: propertyTypeName(typeName, name) };
    properties.set(name, compileShape(schema, { ...inner, ...place }));
  }
  for (const [name, property] of properties) {
    for (const alias of property.meta.aliases ?? []) {
      if (properties.has(alias) || aliases.has(alias)) {
        context.report({
          at: `${context.at}.${name}`,
          problem: `the alias "${alias}" is the name of another property`,
        });
      }
      aliases.set(alias, name);
    }
  }
  return shape;
}

/** The object that this one repeats within itself, unless it says another name. */
function itselfAbove(core: z.core.$ZodObject, { meta }: Base, { above }: CompileContext): ObjectShape | undefined {
  const before = above?.get(core._zod.def);
  return meta.typeName === undefined || meta.typeName === before?.typeName ? before : undefined;
}

function compileMap(core: z.core.$ZodRecord, base: Base, context: CompileContext): Shape {
  const keys = compileShape(core._zod.def.keyType, { ...context, at: `${context.at}{key}` });
  const keysAreText =
    keys.kind === "text" || (keys.kind === "enum" && keys.values.every((value) => typeof value === "string"));
  if (!keysAreText) context.report({ at: context.at, problem: "the keys of a record must be strings" });
  const values = compileShape(core._zod.def.valueType, {
    ...context,
    at: `${context.at}{}`,
    typeName: singular(context.typeName),
  });
  return { ...base, kind: "map", hasRules: base.hasRules || keys.hasRules || keys.kind === "enum", values };
}

function compileUnion(core: z.core.$ZodUnion, base: Base, context: CompileContext): Shape {
  const discriminator = core instanceof z.core.$ZodDiscriminatedUnion ? core._zod.def.discriminator : undefined;
  const options = core._zod.def.options.map((option, index) =>
    compileShape(option, { ...context, typeName: optionTypeName(context.typeName, option, discriminator, index) }),
  );
  const shape: UnionShape = {
    ...base,
    kind: "union",
    optional: base.optional || options.some((option) => option.optional),
    nullable: base.nullable || options.some((option) => option.nullable),
    options,
    discriminator,
  };
  const problem = discriminator === undefined ? problemOfOptions(shape) : problemOfTags(shape, discriminator);
  if (problem !== undefined) context.report({ at: context.at, problem });
  return shape;
}

/** Without a discriminator the kind of a value must say which option it is. */
function problemOfOptions(shape: UnionShape): string | undefined {
  const kinds = shape.options.flatMap(kindsOf);
  if (new Set(kinds).size === kinds.length && !kinds.includes("any")) return undefined;
  return "the options of a union cannot be told apart; use z.enum for constants and z.discriminatedUnion for objects";
}

function kindsOf(shape: Shape): string[] {
  switch (shape.kind) {
    case "integer":
      return ["number"];
    case "text":
      return ["string"];
    case "map":
      return ["object"];
    case "enum":
      return [...new Set(shape.values.map((value) => typeof value))];
    case "union":
      return shape.discriminator === undefined ? shape.options.flatMap(kindsOf) : ["object"];
    default:
      return [shape.kind];
  }
}

function problemOfTags(shape: UnionShape, discriminator: string): string | undefined {
  const seen = new Set<string | number | boolean>();
  for (const option of shape.options) {
    const tag = option.kind === "object" ? option.properties.get(discriminator) : undefined;
    if (tag?.kind !== "enum" || tag.optional || tag.nullable)
      return `each option must be an object whose "${discriminator}" is a constant that is always there`;
    for (const value of tag.values) {
      if (seen.has(value)) return `two options have the same "${discriminator}": ${JSON.stringify(value)}`;
      seen.add(value);
    }
  }
  return undefined;
}
