import type * as z from "zod";
import type { Context, Example } from "./call.ts";
import type { Contradiction } from "./compile.ts";
import { compileShape } from "./compile.ts";
import { nameContradictions, shapeContradictions, timeoutContradictions } from "./contradictions.ts";
import { later } from "./later.ts";
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
  const { name, description, timeout } = definition;
  const reported: Contradiction[] = [];
  const compile = (side: "inputs" | "outputs") =>
    compileShape(definition[side], {
      at: `${name}.${side}`,
      typeName: name.slice(0, 1).toUpperCase() + name.slice(1),
      report: (contradiction) => reported.push(contradiction),
    }) as ObjectShape; // a z.object compiles to an object
  const inputs = later(() => compile("inputs"));
  const outputs = later(() => compile("outputs"));
  const contradictions = later(() => {
    const found = [
      ...shapeContradictions(inputs(), `${name}.inputs`, "arguments"),
      ...shapeContradictions(outputs(), `${name}.outputs`, "result"),
      ...timeoutContradictions(timeout, `${name}.timeout`),
    ];
    return [...nameContradictions(name, description), ...reported, ...found];
  });
  const descriptor: FunctionDescriptor = {
    name,
    description,
    get inputs() {
      return inputs();
    },
    get outputs() {
      return outputs();
    },
    examples: definition.examples ?? [],
    deprecation: definition.deprecation,
    timeout,
    get contradictions() {
      return contradictions();
    },
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
