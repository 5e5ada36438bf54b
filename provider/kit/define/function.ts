import type * as z from "zod";
import type { Context, Example } from "./call.ts";
import type { Contradiction } from "./compile.ts";
import { compileShape } from "./compile.ts";
import { nameContradictions, shapeContradictions, timeoutContradictions } from "./contradictions.ts";
import type { ReturnedObject } from "./plain.ts";
import type { Properties } from "./resource.ts";
import type { Duration } from "./scalars.ts";
import type { ObjectShape } from "./shape.ts";

/** A function as data. */
export interface FunctionDefinition<I extends z.ZodObject, O extends z.ZodObject> {
  /** The name users write, in camelCase: `expandTargets`. */
  readonly name: string;
  readonly description: string;
  readonly inputs: I;
  readonly outputs: O;
  readonly examples?: readonly Example[];
  readonly deprecation?: string;
  /** How long it may take; `"none"` for as long as it needs. Default 5m. */
  readonly timeout?: Duration | "none";
}

export interface InvokeRequest<I> {
  readonly inputs: I;
  /** True in a preview: nothing may be written then. */
  readonly preview: boolean;
}

/** The body of a function. It may throw a `ProviderError` with a path to point at one of its arguments. */
export interface FunctionHandler<I, O, Client> {
  handle(request: InvokeRequest<I>, context: Context<Client>): Promise<ReturnedObject<O>>;
}

/** A function whose descriptor has been read. */
export interface FunctionDescriptor {
  readonly name: string;
  readonly description: string;
  readonly inputs: ObjectShape;
  readonly outputs: ObjectShape;
  readonly examples: readonly Example[];
  readonly deprecation: string | undefined;
  readonly timeout: Duration | "none" | undefined;
  readonly contradictions: readonly Contradiction[];
}

/** A function as a provider serves it. */
export interface ProviderFunction<Client> {
  readonly descriptor: FunctionDescriptor;
  readonly handler: FunctionHandler<Properties, Properties, Client>;
}

/** A function that waits for its body. */
export interface DefinedFunction<I, O> {
  readonly descriptor: FunctionDescriptor;
  handle<Client>(handle: FunctionHandler<I, O, Client>["handle"]): ProviderFunction<Client>;
}

/**
 * Describes a function that reads and never writes.
 *
 * @example
 * const add = defineFunction({
 *   name: "add",
 *   description: "The sum of two numbers.",
 *   inputs: z.object({ a: z.number().meta({ description: "One." }), b: z.number().meta({ description: "The other." }) }),
 *   outputs: z.object({ sum: z.number().meta({ description: "Both together." }) }),
 * }).handle(async ({ inputs }) => ({ sum: inputs.a + inputs.b }));
 */
export function defineFunction<I extends z.ZodObject, O extends z.ZodObject>(
  definition: FunctionDefinition<I, O>,
): DefinedFunction<z.output<I>, z.output<O>> {
  const contradictions: Contradiction[] = nameContradictions(definition.name, definition.description);
  const report = (contradiction: Contradiction) => contradictions.push(contradiction);
  const typeName = definition.name.slice(0, 1).toUpperCase() + definition.name.slice(1);
  const compile = (side: "inputs" | "outputs") =>
    compileShape(definition[side], { at: `${definition.name}.${side}`, typeName, report }) as ObjectShape; // a z.object compiles to an object
  const inputs = compile("inputs");
  const outputs = compile("outputs");
  contradictions.push(...shapeContradictions(inputs, `${definition.name}.inputs`, "arguments"));
  contradictions.push(...shapeContradictions(outputs, `${definition.name}.outputs`, "result"));
  contradictions.push(...timeoutContradictions(definition.timeout, `${definition.name}.timeout`));
  const descriptor: FunctionDescriptor = {
    name: definition.name,
    description: definition.description,
    inputs,
    outputs,
    examples: definition.examples ?? [],
    deprecation: definition.deprecation,
    timeout: definition.timeout,
    contradictions,
  };
  return {
    descriptor,
    handle: (handle) => {
      // The server hands in only what has passed the check of this very descriptor.
      const erased: unknown = { handle };
      return { descriptor, handler: erased as FunctionHandler<Properties, Properties, never> };
    },
  };
}
