import * as z from "zod";
import type { PropertyMeta } from "./meta.ts";
import { META_KEYS } from "./meta.ts";
import type { Value } from "./value.ts";

/** A schema without the wrappers around its core, and what the wrappers said. */
export interface Peeled {
  readonly core: z.core.$ZodType;
  readonly meta: PropertyMeta;
  readonly optional: boolean;
  readonly nullable: boolean;
  readonly defaultValue: Value | undefined;
}

export function isClassic(schema: z.core.$ZodType): schema is z.ZodType {
  return schema instanceof z.ZodType;
}

/**
 * Takes optional, nullable, default, prefault and readonly off a schema. The outermost default counts, and metadata
 * of a wrapper comes before that of what it wraps.
 *
 * @param report told of metadata that means nothing and of a default that is no JSON value
 */
export function peel(schema: z.core.$ZodType, report: (problem: string) => void): Peeled {
  let core = schema;
  let meta: PropertyMeta = {};
  let optional = false;
  let nullable = false;
  const defaults: unknown[] = [];
  for (;;) {
    if (isClassic(core)) {
      const own = core.meta() ?? {};
      for (const key of Object.keys(own)) if (!META_KEYS.has(key)) report(`the metadata "${key}" means nothing here`);
      meta = { ...own, ...meta };
    }
    if (core instanceof z.core.$ZodOptional) optional = true;
    else if (core instanceof z.core.$ZodNullable) nullable = true;
    else if (core instanceof z.core.$ZodDefault || core instanceof z.core.$ZodPrefault)
      defaults.push(core._zod.def.defaultValue);
    else if (!(core instanceof z.core.$ZodReadonly)) break;
    core = core._zod.def.innerType;
  }
  const [defaultValue] = defaults;
  if (defaultValue !== undefined && !isJson(defaultValue)) report("the default is not a JSON value");
  return {
    core,
    meta,
    optional: optional || defaults.length > 0,
    nullable,
    defaultValue: isJson(defaultValue) ? defaultValue : undefined,
  };
}

function isJson(value: unknown): value is Value {
  if (value === null || typeof value === "string" || typeof value === "boolean") return true;
  if (typeof value === "number") return Number.isFinite(value);
  if (Array.isArray(value)) return value.every(isJson);
  return (
    typeof value === "object" && Object.getPrototypeOf(value) === Object.prototype && Object.values(value).every(isJson)
  );
}

/** The rules that a schema adds to its kind: limits, patterns, refinements. */
export function rulesOf(schema: z.core.$ZodType): readonly z.core.$ZodCheck<never>[] {
  return schema._zod.def.checks ?? [];
}

/** The number or text formats of a schema: `safeint`, `email`. */
export function formatsOf(schema: z.core.$ZodType): string[] {
  const definitions: object[] = [schema._zod.def, ...rulesOf(schema).map((rule) => rule._zod.def)];
  return definitions.flatMap((definition) =>
    "format" in definition && typeof definition.format === "string" ? [definition.format] : [],
  );
}
