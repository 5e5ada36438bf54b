import { holdsCredential } from "../define/credentials.ts";
import { notesOf, type PropertyNote } from "../define/property-notes.ts";
import { type PackageInfo, tokenOf } from "../define/provider.ts";
import { discriminatorValues, type EnumShape, type ObjectShape, type Shape, type UnionShape } from "../define/shape.ts";
import { typeDescription } from "../define/type-description.ts";
import type { Value } from "../define/value.ts";
import { enumValueNames } from "./enum-names.ts";
import {
  compact,
  type EnumTypeSpec,
  type ObjectTypeSpec,
  type PropertySpec,
  type Scalar,
  sorted,
  type TypeSpec,
} from "./package-schema.ts";

/** Which way values travel: users give inputs, the provider gives outputs, where credentials never appear. */
export type Direction = "input" | "output";

/** What {@link SchemaTypes.properties} needs to know of an object beside its shape. */
export interface ObjectPlace {
  readonly direction: Direction;
  /** True for the settings of the provider itself. */
  readonly configuration?: boolean;
  /** True for an object inside another. */
  readonly nested?: boolean;
  /** True if any change replaces the object, so that every property says so. */
  readonly alwaysReplaces?: boolean;
  /** The name of the class in SDKs, which no member may have in C#. */
  readonly className?: string;
}

/** What the notes of a property add to its description: whatever the schema has no field for. */
const NOTED_IN_DESCRIPTION: ReadonlySet<PropertyNote["about"]> = new Set([
  "form",
  "environment",
  "autoname",
  "set",
  "examples",
]);

/** The whole numbers that Pulumi's `integer` can hold in every language: 32 bits. */
const MAX_INTEGER = 2 ** 31 - 1;

/** Writes the types of one package: each named type once, whoever uses it. */
export class SchemaTypes {
  readonly #info: PackageInfo;
  readonly #types = new Map<string, ObjectTypeSpec | EnumTypeSpec>();

  constructor(info: PackageInfo) {
    this.#info = info;
  }

  /** The named types that everything written so far refers to, by token. */
  all(): Record<string, ObjectTypeSpec | EnumTypeSpec> {
    return sorted(this.#types);
  }

  /** The properties of an object, on the input side with their older names. */
  properties(shape: ObjectShape, place: ObjectPlace): Record<string, PropertySpec> {
    const specs: [string, PropertySpec][] = [];
    for (const [name, property] of shape.properties) {
      if (place.direction === "output" && property.meta.credential === true) continue;
      specs.push([name, this.#property(name, property, place)]);
      if (place.direction === "output") continue;
      for (const alias of property.meta.aliases ?? []) specs.push([alias, this.#alias(alias, name, property, place)]);
    }
    return sorted(specs);
  }

  /** An object without a name of its own, such as the arguments of a function. */
  object(shape: ObjectShape, direction: Direction): ObjectTypeSpec {
    return compact<ObjectTypeSpec>({
      type: "object",
      description: undefined,
      properties: this.properties(shape, { direction }),
      required: requiredOf(shape, direction),
    });
  }

  #property(name: string, shape: Shape, place: ObjectPlace): PropertySpec {
    const input = place.direction === "input";
    const { meta } = shape;
    const constant = shape.kind === "enum" && shape.values.length === 1 ? shape.values[0] : undefined;
    // The Go generator writes the default of an enum in configuration as code that does not compile. The TypeScript
    // SDK fills defaults of nested objects in by a step that makes the whole object a secret if any of it is one.
    const sayOnly = place.nested === true || (place.configuration === true && shape.kind === "enum");
    const scalarDefault = input && !sayOnly ? schemaDefault(shape) : undefined;
    const clash = place.className !== undefined && pascal(name) === place.className;
    return compact<PropertySpec>({
      ...this.type(shape, place.direction, meta.description),
      description: describe(shape, input, scalarDefault),
      const: constant,
      default: scalarDefault,
      defaultInfo:
        input && place.nested !== true && meta.environment !== undefined && isScalarKind(shape)
          ? { environment: meta.environment }
          : undefined,
      deprecationMessage: meta.deprecation,
      secret: meta.secret === true ? true : undefined,
      willReplaceOnChanges:
        input && (meta.replaces === true || (place.alwaysReplaces === true && meta.credential !== true))
          ? true
          : undefined,
      language: clash ? { csharp: { name: `${pascal(name)}Value` } } : undefined,
    });
  }

  #alias(alias: string, name: string, shape: Shape, place: ObjectPlace): PropertySpec {
    const {
      default: _default,
      defaultInfo: _environment,
      const: _constant,
      ...rest
    } = this.#property(alias, shape, place);
    return { ...rest, description: `Older name of \`${name}\`.`, deprecationMessage: `renamed to \`${name}\`` };
  }

  /** A type where it is used. `description` is for a named type that has none of its own. */
  type(shape: Shape, direction: Direction, description?: string): TypeSpec {
    switch (shape.kind) {
      case "text":
        return { type: "string" };
      case "integer":
      case "number":
      case "boolean":
        return { type: shape.kind };
      case "any":
        return { $ref: "pulumi.json#/Any" };
      case "asset":
        return { $ref: "pulumi.json#/Asset" };
      case "archive":
        return { $ref: "pulumi.json#/Archive" };
      case "reference":
        return { $ref: `#/resources/${tokenOf(this.#info, shape.resource)}` };
      case "enum":
        return shape.typeName === undefined
          ? { type: scalarType(shape.values) }
          : { $ref: this.#enumRef(shape, shape.typeName, description) };
      case "object":
        return { $ref: this.#objectRef(shape, direction, description) };
      case "array":
        return { type: "array", items: this.type(shape.items, direction, description) };
      case "map":
        return { type: "object", additionalProperties: this.type(shape.values, direction, description) };
      case "union":
        return this.#union(shape, direction, description);
      default:
        return shape satisfies never;
    }
  }

  #union(shape: UnionShape, direction: Direction, description: string | undefined): TypeSpec {
    // Python's runtime takes a list for wrong wherever the type is a union with one; of "anything" it asks nothing.
    if (shape.options.some(({ kind }) => kind === "array")) return { $ref: "pulumi.json#/Any" };
    const options = distinct(shape.options.map((option) => this.#option(option, shape, direction, description)));
    const [only] = options;
    if (options.length === 1 && only !== undefined) return only;
    if (shape.discriminator === undefined) return { oneOf: options };
    const mapping = sorted(
      [...discriminatorValues(shape)].map(
        ([value, option]) => [value, this.#objectRef(option, direction, description)] as const,
      ),
    );
    return { oneOf: options, discriminator: { propertyName: shape.discriminator, mapping } };
  }

  /** Go makes the type of an enum in a union the type of the whole union, so there it must be of one kind. */
  #option(option: Shape, union: UnionShape, direction: Direction, description: string | undefined): TypeSpec {
    const alike = union.options.every((other) => primitiveOf(other) === primitiveOf(option));
    return option.kind === "enum" && !alike
      ? { type: scalarType(option.values) }
      : this.type(option, direction, description);
  }

  #objectRef(shape: ObjectShape, direction: Direction, description: string | undefined): string {
    const reduced = direction === "output" && holdsCredential(shape);
    const name = reduced ? `${shape.typeName}WithoutCredentials` : shape.typeName;
    // A type that both sides use is written as inputs see it: generators pass over defaults on the output side.
    const side: Direction = reduced ? "output" : "input";
    return this.#ref(name, () =>
      compact<ObjectTypeSpec>({
        type: "object",
        description: typeDescription(shape) ?? description,
        properties: this.properties(shape, { direction: side, className: name, nested: true }),
        required: requiredOf(shape, side),
      }),
    );
  }

  #enumRef(shape: EnumShape, name: string, description: string | undefined): string {
    const names = enumValueNames(shape.values);
    return this.#ref(name, () =>
      compact<EnumTypeSpec>({
        type: scalarType(shape.values),
        description: typeDescription(shape) ?? description,
        enum: shape.values.map((value, index) =>
          compact({ name: names[index], value, description: shape.meta.valueDescriptions?.[String(value)] }),
        ),
      }),
    );
  }

  #ref(name: string, write: () => ObjectTypeSpec | EnumTypeSpec): string {
    const token = tokenOf(this.#info, name);
    if (!this.#types.has(token)) {
      this.#types.set(token, { type: "object" }); // holds the place while a type that contains itself is written
      this.#types.set(token, write());
    }
    return `#/types/${token}`;
  }
}

/**
 * The properties that SDKs insist on. One with an older name is not among them, because either name will do; the
 * provider's own check knows that.
 */
export function requiredOf(shape: ObjectShape, direction: Direction): string[] {
  const required: string[] = [];
  for (const [name, { meta, optional, nullable, defaultValue }] of shape.properties) {
    if (nullable) continue;
    if (direction === "input") {
      if (!optional && meta.aliases === undefined) required.push(name);
    } else {
      const filledIn = defaultValue !== undefined || meta.autoname !== undefined || meta.supplied !== undefined;
      if (meta.credential !== true && (!optional || filledIn)) required.push(name);
    }
  }
  return required.sort();
}

function describe(shape: Shape, input: boolean, scalarDefault: Scalar | undefined): string {
  const description = shape.meta.description ?? "";
  if (!input) return description;
  const notes = notesOf(shape).filter(
    ({ about }) => NOTED_IN_DESCRIPTION.has(about) || (about === "default" && scalarDefault === undefined),
  );
  const separator = description.includes("\n") ? "\n\n" : " ";
  return [description, ...notes.map(({ text }) => text)].join(separator);
}

/** SDKs can carry a default that is one plain value of one type; all others are filled in by the provider alone. */
function schemaDefault(shape: Shape): Scalar | undefined {
  const value: Value | undefined = shape.defaultValue;
  if (!isScalarKind(shape)) return undefined;
  if (typeof value === "number")
    return Number.isInteger(value) && Math.abs(value) > MAX_INTEGER && shape.kind !== "number" ? undefined : value;
  return typeof value === "string" || typeof value === "boolean" ? value : undefined;
}

function isScalarKind(shape: Shape): boolean {
  switch (shape.kind) {
    case "text":
    case "integer":
    case "number":
    case "boolean":
    case "enum":
      return true;
    default:
      return false; // unions too: the Go generator writes code for their defaults that does not compile
  }
}

function primitiveOf(shape: Shape): string {
  if (shape.kind === "enum") return scalarType(shape.values);
  return shape.kind === "text" ? "string" : shape.kind;
}

function scalarType(values: readonly Scalar[]): "string" | "boolean" | "integer" | "number" {
  if (values.every((value) => typeof value === "string")) return "string";
  if (values.every((value) => typeof value === "boolean")) return "boolean";
  return values.every((value) => Number.isInteger(value)) ? "integer" : "number";
}

function distinct(types: readonly TypeSpec[]): TypeSpec[] {
  return [...new Map(types.map((type) => [JSON.stringify(type), type])).values()];
}

function pascal(name: string): string {
  return name.slice(0, 1).toUpperCase() + name.slice(1);
}
