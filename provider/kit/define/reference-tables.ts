import { code, notesOf, type PropertyNote } from "./property-notes.ts";
import { type EnumShape, eachShape, type ObjectShape, type Shape } from "./shape.ts";
import { typeDescription } from "./type-description.ts";

/** The path from a page to the page of a resource or component, `undefined` where there is none. */
export type LinkTo = (resource: string) => string | undefined;

/** What the columns of a table of inputs say already. */
const IN_COLUMNS: ReadonlySet<PropertyNote["about"]> = new Set(["default", "environment"]);

/** A table of what users give. */
export function inputTable(shape: ObjectShape, linkTo: LinkTo): string {
  return table(
    ["Property", "Type", "Default", "Description"],
    [...shape.properties].map(([name, property]) => [
      code(name),
      typeText(property, linkTo),
      defaultText(property),
      description(property, (about) => !IN_COLUMNS.has(about)),
    ]),
  );
}

/** A table of what the provider gives. */
export function outputTable(shape: ObjectShape, linkTo: LinkTo): string {
  return table(
    ["Property", "Type", "Description"],
    [...shape.properties].map(([name, property]) => [
      code(name),
      `${typeText(property, linkTo)}${property.optional ? ", may be absent" : ""}`,
      description(property, () => true),
    ]),
  );
}

/**
 * The section of each named type that is nested in what users give and in what the provider gives, in the order in
 * which a reader meets them. A type of both sides is told as users give it.
 */
export function typeSections(
  given: readonly ObjectShape[],
  returned: readonly ObjectShape[],
  linkTo: LinkTo,
): string[] {
  const sections = new Map<string, string>();
  const collect = (root: ObjectShape, propertyTable: typeof inputTable) => {
    eachShape(root, (shape) => {
      if (shape === root || (shape.kind !== "object" && shape.kind !== "enum") || shape.typeName === undefined) return;
      if (sections.has(shape.typeName)) return;
      const body = shape.kind === "object" ? propertyTable(shape, linkTo) : valuesText(shape);
      sections.set(shape.typeName, paragraphs(`### ${shape.typeName}`, typeDescription(shape), body));
    });
  };
  for (const root of given) collect(root, inputTable);
  for (const root of returned) collect(root, outputTable);
  return [...sections.values()];
}

function valuesText({ values, meta }: EnumShape): string {
  const literals = values.map((value) => code(JSON.stringify(value)));
  if (meta.valueDescriptions === undefined) return `One of ${literals.join(", ")}.`;
  return table(
    ["Value", "Meaning"],
    values.map((value, index) => [literals[index] ?? "", meta.valueDescriptions?.[String(value)] ?? ""]),
  );
}

function description(property: Shape, wanted: (about: PropertyNote["about"]) => boolean): string {
  const notes = notesOf(property).filter(({ about }) => wanted(about));
  return [property.meta.description ?? "", ...notes.map(({ text }) => text)].join(" ");
}

function defaultText({ optional, defaultValue, meta }: Shape): string {
  if (!optional) return "**required**";
  const variables = meta.environment === undefined ? "" : `from ${meta.environment.map(code).join(" or ")}`;
  if (meta.autoname !== undefined) return "made from the name";
  if (meta.supplied !== undefined) return meta.supplied;
  if (defaultValue === undefined) return variables;
  const value = code(JSON.stringify(defaultValue));
  return variables === "" ? value : `${variables}, else ${value}`;
}

/** A type in words, with links to the sections and pages that tell more. */
export function typeText(shape: Shape, linkTo: LinkTo): string {
  return shape.nullable ? `${kindText(shape, linkTo)} or null` : kindText(shape, linkTo);
}

function kindText(shape: Shape, linkTo: LinkTo): string {
  switch (shape.kind) {
    case "text":
      return "string";
    case "integer":
    case "number":
    case "boolean":
    case "any":
    case "asset":
    case "archive":
      return shape.kind;
    case "reference": {
      const page = linkTo(shape.resource);
      return page === undefined ? shape.resource : `[${shape.resource}](${page})`;
    }
    case "enum":
      return shape.typeName === undefined ? code(JSON.stringify(shape.values[0])) : section(shape.typeName);
    case "object":
      return section(shape.typeName);
    case "array":
      return `list of ${partText(shape.items, linkTo)}`;
    case "map":
      return `map of ${partText(shape.values, linkTo)}`;
    case "union":
      return shape.options.map((option) => typeText(option, linkTo)).join(" or ");
    default:
      return shape satisfies never;
  }
}

function partText(shape: Shape, linkTo: LinkTo): string {
  const text = typeText(shape, linkTo);
  return shape.kind === "union" || shape.nullable ? `(${text})` : text;
}

function section(typeName: string): string {
  return `[${typeName}](#${typeName.toLowerCase()})`;
}

/** A Markdown table; whatever would end a cell or a row is escaped. */
export function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) => `| ${cells.map(cell).join(" | ")} |`;
  return [line(head), line(head.map(() => "---")), ...rows.map(line)].join("\n");
}

function cell(text: string): string {
  return text.trim().replaceAll("|", "\\|").replaceAll(/\r?\n/g, "<br>");
}

/** Blocks of Markdown with an empty line between them, without those that say nothing. */
export function paragraphs(...blocks: readonly (string | undefined)[]): string {
  return blocks.flatMap((block) => (block === undefined || block.trim() === "" ? [] : [block.trim()])).join("\n\n");
}
