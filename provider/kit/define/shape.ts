import type * as z from "zod";
import type { PropertyMeta } from "./meta.ts";
import { listNames } from "./suggest.ts";
import type { Value } from "./value.ts";

/** What every node of a shape says beside its kind. */
interface ShapeBase {
  readonly meta: PropertyMeta;
  /** May be left out. */
  readonly optional: boolean;
  /** May be null, which is not the same as left out. */
  readonly nullable: boolean;
  /** What stands where nothing was given. */
  readonly defaultValue: Value | undefined;
  /** The zod schema without `optional`, `nullable` and `default`; it judges values whose kind is right. */
  readonly schema: z.ZodType;
  /** True if the schema has rules of its own (limits, patterns, refinements) beside its kind. */
  readonly hasRules: boolean;
}

export interface TextShape extends ShapeBase {
  readonly kind: "text";
}
export interface NumberShape extends ShapeBase {
  readonly kind: "number" | "integer";
}
export interface BooleanShape extends ShapeBase {
  readonly kind: "boolean";
}
export interface AnyShape extends ShapeBase {
  readonly kind: "any";
}
export interface AssetShape extends ShapeBase {
  readonly kind: "asset" | "archive";
}
export interface ReferenceShape extends ShapeBase {
  readonly kind: "reference";
  readonly resource: string;
}
/** A list of allowed values; one value makes a constant. */
export interface EnumShape extends ShapeBase {
  readonly kind: "enum";
  readonly values: readonly (string | number | boolean)[];
  /** Absent for a constant, which needs no type of its own. */
  readonly typeName: string | undefined;
}
export interface ObjectShape extends ShapeBase {
  readonly kind: "object";
  readonly typeName: string;
  readonly properties: ReadonlyMap<string, Shape>;
  /** Older names of properties, to the names they have now. */
  readonly aliases: ReadonlyMap<string, string>;
}
export interface ArrayShape extends ShapeBase {
  readonly kind: "array";
  readonly items: Shape;
}
export interface MapShape extends ShapeBase {
  readonly kind: "map";
  readonly values: Shape;
}
export interface UnionShape extends ShapeBase {
  readonly kind: "union";
  readonly options: readonly Shape[];
  /** The property whose value says which option it is; absent for unions of scalars. */
  readonly discriminator: string | undefined;
}

/**
 * A zod schema as data: what validation, diff, `schema.json` and the documentation all read, so that each of them
 * is one walk over the same tree.
 */
export type Shape =
  | TextShape
  | NumberShape
  | BooleanShape
  | AnyShape
  | AssetShape
  | ReferenceShape
  | EnumShape
  | ObjectShape
  | ArrayShape
  | MapShape
  | UnionShape;

/** What a shape is, in a few words for people. */
export function describeShape(shape: Shape): string {
  switch (shape.kind) {
    case "text":
      return shape.meta.special?.kind === "text" ? shape.meta.special.expected : "a string";
    case "integer":
      return "a whole number";
    case "number":
      return "a number";
    case "boolean":
      return "true or false";
    case "any":
      return "any value";
    case "asset":
      return "an asset (a file)";
    case "archive":
      return "an archive (a folder, a tar or zip file, or named assets)";
    case "reference":
      return `a resource of type ${shape.resource}`;
    case "enum":
      return shape.values.length === 1 ? JSON.stringify(shape.values[0]) : `one of ${listNames(shape.values)}`;
    case "object":
      return "an object";
    case "array":
      return "a list";
    case "map":
      return "a map";
    case "union":
      return [...new Set(shape.options.map(describeShape))].join(" or ");
    default:
      return shape satisfies never;
  }
}

/** The option of a discriminated union that a value of its discriminator selects. */
export function optionFor(shape: UnionShape, discriminatorValue: unknown): ObjectShape | undefined {
  const discriminator = shape.discriminator;
  if (discriminator === undefined) return undefined;
  for (const option of shape.options) {
    if (option.kind !== "object") continue;
    const tag = option.properties.get(discriminator);
    if (tag?.kind === "enum" && tag.values.some((value) => value === discriminatorValue)) return option;
  }
  return undefined;
}

/** Every discriminator value of a union, to the option it selects. */
export function discriminatorValues(shape: UnionShape): Map<string, ObjectShape> {
  const values = new Map<string, ObjectShape>();
  for (const option of shape.options) {
    const tag = option.kind === "object" ? option.properties.get(shape.discriminator ?? "") : undefined;
    if (option.kind !== "object" || tag?.kind !== "enum") continue;
    for (const value of tag.values) values.set(String(value), option);
  }
  return values;
}

/** Calls `visit` once for every shape of a tree, also of one that contains itself. */
export function eachShape(shape: Shape, visit: (shape: Shape) => void, seen = new Set<Shape>()): void {
  if (seen.has(shape)) return;
  seen.add(shape);
  visit(shape);
  switch (shape.kind) {
    case "object":
      for (const property of shape.properties.values()) eachShape(property, visit, seen);
      break;
    case "array":
      eachShape(shape.items, visit, seen);
      break;
    case "map":
      eachShape(shape.values, visit, seen);
      break;
    case "union":
      for (const option of shape.options) eachShape(option, visit, seen);
      break;
  }
}
