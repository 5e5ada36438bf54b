import type * as z from "zod";
import type { Example } from "./call.ts";
import type { Contradiction } from "./compile.ts";
import { compileShape } from "./compile.ts";
import type { Side } from "./contradictions.ts";
import { nameContradictions, shapeContradictions } from "./contradictions.ts";
import { later } from "./later.ts";
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
  const reported: Contradiction[] = [];
  /** Compiles when first asked, and says what contradicts itself in it. */
  const compile = (schema: z.ZodObject, at: string, typeName: string, side: Side) => {
    const shape = later(() => {
      const report = (contradiction: Contradiction) => reported.push(contradiction);
      return compileShape(schema, { at, typeName, report }) as ObjectShape; // a z.object compiles to an object
    });
    return { shape, contradictions: () => shapeContradictions(shape(), at, side) };
  };
  const inputs = compile(definition.inputs, `${name}.inputs`, name, "component");
  const outputs = compile(definition.outputs, `${name}.outputs`, name, "outputs");
  const methods = Object.entries(definition.methods ?? {}).map(([method, { description, inputs, outputs }]) => {
    const at = `${name}.${method}`;
    const typeName = `${name}${method.slice(0, 1).toUpperCase()}${method.slice(1)}`;
    return {
      method,
      description,
      inputs: compile(inputs, `${at}.inputs`, typeName, "arguments"),
      outputs: compile(outputs, `${at}.outputs`, typeName, "result"),
    };
  });
  const contradictions = later(() => {
    const sides = [...methods.flatMap((method) => [method.inputs, method.outputs]), inputs, outputs];
    const found = sides.flatMap((side) => side.contradictions());
    const named = methods.flatMap(({ method, description }) => nameContradictions(method, description));
    const own = nameContradictions(name, definition.description, /^[A-Z][A-Za-z0-9]*$/, "PascalCase");
    return [...own, ...named, ...reported, ...found];
  });
  const descriptor: ComponentDescriptor = {
    name,
    description: definition.description,
    get inputs() {
      return inputs.shape();
    },
    get outputs() {
      return outputs.shape();
    },
    methods: methods.map(({ method, description, inputs, outputs }) => ({
      name: method,
      description,
      get inputs() {
        return inputs.shape();
      },
      get outputs() {
        return outputs.shape();
      },
    })),
    examples: definition.examples ?? [],
    deprecation: definition.deprecation,
    get contradictions() {
      return contradictions();
    },
  };
  return { descriptor };
}
