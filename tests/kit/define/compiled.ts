import type * as z from "zod";
import type { Contradiction } from "../../../provider/kit/define/compile.ts";
import { compileShape } from "../../../provider/kit/define/compile.ts";
import type { ObjectShape, Shape } from "../../../provider/kit/define/shape.ts";

/** The shape of a schema that contradicts itself nowhere. */
export function compiled(schema: z.ZodObject): ObjectShape;
export function compiled(schema: z.ZodType): Shape;
export function compiled(schema: z.ZodType): Shape {
  const { shape, contradictions } = compiledWith(schema);
  if (contradictions.length > 0)
    throw new Error(contradictions.map(({ at, problem }) => `${at}: ${problem}`).join("\n"));
  return shape;
}

/** The shape of a schema and what is wrong with it, one line each. */
export function compiledWith(schema: z.ZodType): { shape: Shape; contradictions: Contradiction[] } {
  const contradictions: Contradiction[] = [];
  const shape = compileShape(schema, { at: "Thing", typeName: "Thing", report: (found) => contradictions.push(found) });
  return { shape, contradictions };
}
