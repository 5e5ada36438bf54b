import type * as z from "zod";
import { fromColumn } from "./transaction.ts";

/**
 * Reads a column of JSON that many rows have alike: each text is read once. What it gives is shared by these rows.
 *
 * @example const abilitiesOf = columnReader(abilities);
 * rows.map((row) => abilitiesOf(row.abilities, `device ${row.kuid}`));
 * @throws ApplianceError `corrupt`
 */
export function columnReader<Schema extends z.ZodType>(
  schema: Schema,
): (text: string, what: string) => z.output<Schema> {
  const known = new Map<string, z.output<Schema>>();
  return (text, what) => {
    const found = known.get(text);
    if (found !== undefined) return found;
    const value = fromColumn(schema, text, what);
    known.set(text, value);
    return value;
  };
}
