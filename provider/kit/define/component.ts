import type * as z from "zod";
import type { Example } from "./call.ts";
import type { Contradiction } from "./compile.ts";
import { compileShape } from "./compile.ts";
import type { Side } from "./contradictions.ts";
import { nameContradictions, shapeContradictions } from "./contradictions.ts";
import type { ObjectShape } from "./shape.ts";

/** A method of a component as data. */
export interface MethodDefinition<I extends z.ZodObject, O extends z.ZodObject> {
  readonly description: string;
  readonly inputs: I;
  readonly outputs: O;
}

/** A component as data: a resource that is made of other resources. */
export interface ComponentDefinition<
  I extends z.ZodObject,
  O extends z.ZodObject,
  M extends Readonly<Record<string, MethodDefinition<z.ZodObject, z.ZodObject>>>,
> {
  /** The name users write, in PascalCase. */
  readonly name: string;
  readonly description: string;
  readonly inputs: I;
  readonly outputs: O;
  readonly methods?: M;
  readonly examples?: readonly Example[];
  readonly deprecation?: string;
}

export interface MethodDescriptor {
  readonly name: string;
  readonly description: string;
  readonly inputs: ObjectShape;
  readonly outputs: ObjectShape;
}

/** A component whose descriptor has been read. How it is built is the wire's matter: see `implementComponent`. */
export interface ComponentDescriptor {
  readonly name: string;
  readonly description: string;
  readonly inputs: ObjectShape;
  readonly outputs: ObjectShape;
  readonly methods: readonly MethodDescriptor[];
  readonly examples: readonly Example[];
  readonly deprecation: string | undefined;
  readonly contradictions: readonly Contradiction[];
}

/** A component that waits for its body; `I`, `O` and `M` are types only. */
export interface DefinedComponent<I, O, M> {
  readonly descriptor: ComponentDescriptor;
  readonly types?: { readonly inputs: I; readonly outputs: O; readonly methods: M };
}

/** The types of a component's methods, by name. */
export type MethodTypes<M extends Readonly<Record<string, MethodDefinition<z.ZodObject, z.ZodObject>>>> = {
  readonly [K in keyof M]: { readonly inputs: z.output<M[K]["inputs"]>; readonly outputs: z.output<M[K]["outputs"]> };
};

/** Describes a component. */
export function defineComponent<
  I extends z.ZodObject,
  O extends z.ZodObject,
  M extends Readonly<Record<string, MethodDefinition<z.ZodObject, z.ZodObject>>> = Record<never, never>,
>(definition: ComponentDefinition<I, O, M>): DefinedComponent<z.output<I>, z.output<O>, MethodTypes<M>> {
  const { name } = definition;
  const contradictions: Contradiction[] = nameContradictions(
    name,
    definition.description,
    /^[A-Z][A-Za-z0-9]*$/,
    "PascalCase",
  );
  const report = (contradiction: Contradiction) => contradictions.push(contradiction);
  const compile = (schema: z.ZodObject, at: string, typeName: string, side: Side) => {
    const shape = compileShape(schema, { at, typeName, report }) as ObjectShape; // a z.object compiles to an object
    contradictions.push(...shapeContradictions(shape, at, side));
    return shape;
  };
  const methods = Object.entries(definition.methods ?? {}).map(([method, { description, inputs, outputs }]) => {
    const at = `${name}.${method}`;
    const typeName = `${name}${method.slice(0, 1).toUpperCase()}${method.slice(1)}`;
    contradictions.push(...nameContradictions(method, description));
    return {
      name: method,
      description,
      inputs: compile(inputs, `${at}.inputs`, typeName, "arguments"),
      outputs: compile(outputs, `${at}.outputs`, typeName, "result"),
    };
  });
  const descriptor: ComponentDescriptor = {
    name,
    description: definition.description,
    inputs: compile(definition.inputs, `${name}.inputs`, name, "component"),
    outputs: compile(definition.outputs, `${name}.outputs`, name, "outputs"),
    methods,
    examples: definition.examples ?? [],
    deprecation: definition.deprecation,
    contradictions,
  };
  return { descriptor };
}
