import type { Contradiction } from "./compile.ts";
import type { PackageContents } from "./package.ts";
import type { EnumShape, ObjectShape, Shape } from "./shape.ts";
import { describeShape, eachShape } from "./shape.ts";

/** The objects and enums that have a name of their own in SDKs, by that name. */
export type NamedTypes = ReadonlyMap<string, ObjectShape | EnumShape>;

/**
 * Collects the named types that are nested in a provider's resources, functions and components.
 *
 * @param report told of two different types with one name, and of a type named like a resource or function
 */
export function typesOf(
  provider: PackageContents,
  report: (contradiction: Contradiction) => void = () => undefined,
): NamedTypes {
  const types = new Map<string, ObjectShape | EnumShape>();
  const taken = new Set<string>();
  for (const token of [...provider.resources.keys(), ...provider.components.keys(), ...provider.functions.keys()]) {
    taken.add(token.slice(token.lastIndexOf(":") + 1).toLowerCase());
  }
  const collect = (root: ObjectShape) => {
    eachShape(root, (shape) => {
      if (shape === root || (shape.kind !== "object" && shape.kind !== "enum") || shape.typeName === undefined) return;
      const other = types.get(shape.typeName);
      if (other === undefined) types.set(shape.typeName, shape);
      else if (!sameType(other, shape)) {
        report({
          at: shape.typeName,
          problem: "two different types have this name; give one of them another `typeName`",
        });
      }
      if (taken.has(shape.typeName.toLowerCase())) {
        report({
          at: shape.typeName,
          problem: "a type cannot have the name of a resource, component or function; give it a `typeName`",
        });
      }
    });
  };
  collect(provider.config);
  for (const { descriptor } of provider.resources.values()) {
    collect(descriptor.inputs);
    collect(descriptor.outputs);
  }
  for (const { descriptor } of provider.components.values()) {
    collect(descriptor.inputs);
    collect(descriptor.outputs);
    for (const method of descriptor.methods) {
      collect(method.inputs);
      collect(method.outputs);
    }
  }
  for (const { descriptor } of provider.functions.values()) {
    collect(descriptor.inputs);
    collect(descriptor.outputs);
  }
  return types;
}

function sameType(a: Shape, b: Shape): boolean {
  return a === b || outline(a) === outline(b);
}

/** What a property says in an SDK beside its type. */
function traits({ meta, defaultValue }: Shape): string {
  return `${meta.secret === true ? "!" : ""}${defaultValue === undefined ? "" : `=${JSON.stringify(defaultValue)}`}`;
}

/** A text that is the same for two shapes that make the same type in an SDK. */
function outline(shape: Shape, above: readonly string[] = []): string {
  switch (shape.kind) {
    case "object": {
      if (above.includes(shape.typeName)) return shape.typeName;
      const inner = [...above, shape.typeName];
      return `{${[...shape.properties].map(([name, part]) => `${name}${part.optional ? "?" : ""}${traits(part)}:${outline(part, inner)}`).join(",")}}`;
    }
    case "array":
      return `[${outline(shape.items, above)}]`;
    case "map":
      return `<${outline(shape.values, above)}>`;
    case "union":
      return shape.options.map((option) => outline(option, above)).join("|");
    default:
      return shape.kind === "enum" ? JSON.stringify(shape.values) : describeShape(shape);
  }
}
