import type * as pulumi from "@pulumi/pulumi";
import type { Log } from "../define/call.ts";
import type { ComponentDescriptor, DefinedComponent } from "../define/component.ts";
import type { ProviderComponent } from "../define/provider.ts";

/** Pulumi's own library, as a component's body gets it; loaded when the first component is built. */
export type PulumiLibrary = Omit<typeof pulumi, "default">;

/** Inputs of a component: each may be an output of another resource. */
export type ComponentInputs<I> = { readonly [K in keyof I]: pulumi.Input<I[K]> };

/** Outputs of a component or method. */
export type ComponentOutputs<O> = { readonly [K in keyof O]: pulumi.Input<O[K]> };

/** What a component is built from. */
export interface ConstructArguments<I> {
  readonly pulumi: PulumiLibrary;
  /** The type token, to be passed to the component's constructor. */
  readonly type: string;
  readonly name: string;
  readonly inputs: ComponentInputs<I>;
  /** To be passed to the component's constructor. */
  readonly options: pulumi.ComponentResourceOptions;
  readonly log: Log;
}

/** A component that was built. The kit registers its outputs. */
export interface Constructed<O> {
  readonly component: pulumi.ComponentResource;
  readonly outputs: ComponentOutputs<O>;
}

/** What a method is called with. */
export interface MethodArguments<I> {
  readonly pulumi: PulumiLibrary;
  /** The component, by reference: it has a `urn` and nothing else. */
  readonly self: pulumi.Resource;
  readonly inputs: ComponentInputs<I>;
  readonly log: Log;
}

/** The body of a component. */
export interface ComponentBody<I, O, M> {
  construct(given: ConstructArguments<I>): Promise<Constructed<O>>;
  readonly methods?: {
    readonly [K in keyof M]: M[K] extends { inputs: infer MI; outputs: infer MO }
      ? { call(given: MethodArguments<MI>): Promise<ComponentOutputs<MO>> }
      : never;
  };
}

type AnyRecord = Record<string, unknown>;

/** A component that this wire can serve. */
export interface WireComponent extends ProviderComponent {
  readonly descriptor: ComponentDescriptor;
  construct(given: ConstructArguments<AnyRecord>): Promise<Constructed<AnyRecord>>;
  readonly methods: ReadonlyMap<
    string,
    { call(given: MethodArguments<AnyRecord>): Promise<ComponentOutputs<AnyRecord>> }
  >;
}

/**
 * Gives a component its body.
 *
 * @example
 * export const pair = implementComponent(pairDescriptor, {
 *   async construct({ pulumi, type, name, inputs, options }) {
 *     const component = new pulumi.ComponentResource(type, name, {}, options);
 *     const first = new Note(`${name}-first`, { text: inputs.text }, { parent: component });
 *     return { component, outputs: { firstId: first.id } };
 *   },
 * });
 */
export function implementComponent<I, O, M>(
  defined: DefinedComponent<I, O, M>,
  body: ComponentBody<I, O, M>,
): WireComponent {
  // The server hands in only what has passed the check of this very descriptor.
  const erased: unknown = body;
  const { construct, methods } = erased as ComponentBody<
    AnyRecord,
    AnyRecord,
    Record<string, { inputs: AnyRecord; outputs: AnyRecord }>
  >;
  return { descriptor: defined.descriptor, construct, methods: new Map(Object.entries(methods ?? {})) };
}
