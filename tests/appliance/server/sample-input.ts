type Schema = Readonly<Record<string, unknown>>;

/**
 * An input that an operation might take, from its JSON schema: what must be there, and whatever of the rest `values` has.
 *
 * @param values what fields of these names are given, wherever they stand
 */
export function sampleInput(schema: unknown, values: Readonly<Record<string, unknown>>): unknown {
  return sampleOf(asSchema(schema), values);
}

function sampleOf(schema: Schema, values: Readonly<Record<string, unknown>>): unknown {
  if ("const" in schema) return schema.const;
  if (Array.isArray(schema.enum)) return schema.enum[0];
  const [choice] = [schema.anyOf, schema.oneOf].flatMap((list) => (Array.isArray(list) ? list : []));
  if (choice !== undefined) return sampleOf(asSchema(choice), values);
  switch (schema.type) {
    case "object":
      return Object.fromEntries(
        Object.entries(asSchema(schema.properties ?? {})).flatMap(([name, property]) => {
          if (Object.hasOwn(values, name)) return [[name, values[name]]];
          const isRequired = Array.isArray(schema.required) && schema.required.includes(name);
          const hasDefault = "default" in asSchema(property);
          return isRequired && !hasDefault ? [[name, sampleOf(asSchema(property), values)]] : [];
        }),
      );
    case "array":
      return [];
    case "boolean":
      return true;
    case "integer":
    case "number":
      return typeof schema.minimum === "number" ? Math.max(schema.minimum, 1) : 1;
    case "string":
      return textOf(schema);
    default:
      return null;
  }
}

/** Texts that the patterns of the API's fields take. */
const TEXTS = [
  "sample",
  "sample-0123",
  "0".repeat(64),
  "A".repeat(43),
  "2028-01-01T00:00:00Z",
  "00:00",
  "1h",
  "127.0.0.1",
];

function textOf({ pattern, format }: Schema): string {
  if (format === "date-time") return "2028-01-01T00:00:00Z";
  if (typeof pattern !== "string") return "sample";
  const expression = new RegExp(pattern, "u");
  return TEXTS.find((text) => expression.test(text)) ?? "sample";
}

function asSchema(value: unknown): Schema {
  return typeof value === "object" && value !== null ? Object.fromEntries(Object.entries(value)) : {};
}
