import * as z from "zod";
import type { EnumShape, ObjectShape } from "./shape.ts";

/**
 * What a named type says of itself. A schema that was given a name and a description once, and then another
 * description at the place where it is used, keeps the first one for the type; without a name of its own, a type is
 * described by the place where it is used.
 */
export function typeDescription(shape: ObjectShape | EnumShape): string | undefined {
  let description = shape.meta.description;
  let schema: z.core.$ZodType | undefined = shape.schema;
  while (schema !== undefined) {
    const meta = z.globalRegistry.get(schema);
    if (meta?.typeName !== undefined && meta.description !== undefined) description = meta.description;
    schema = schema._zod.parent;
  }
  return description;
}
