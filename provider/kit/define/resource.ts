import type * as z from "zod";
import type { Context, Example } from "./call.ts";
import type { Contradiction } from "./compile.ts";
import { compileShape } from "./compile.ts";
import { contradictionsOf } from "./contradictions.ts";
import type { Change } from "./difference.ts";
import { later } from "./later.ts";
import type { Path } from "./path.ts";
import type { PreviewOf, Returned, ReturnedInPreview, ReturnedObject } from "./plain.ts";
import type { Duration } from "./scalars.ts";
import type { ObjectShape } from "./shape.ts";
import type { ValueMap } from "./value.ts";

/** Properties as handlers see them where the descriptor is not known at compile time. */
export type Properties = Record<string, unknown>;

/**
 * What the state holds of an object. Two things may be missing although the types promise them: credentials, of an
 * object that was imported, and outputs, of one whose last operation did not finish.
 */
export interface State<I, O> {
  readonly inputs: I;
  readonly outputs: O;
}

/** The operations that may take time. */
export type Operation = "create" | "read" | "update" | "delete";

/** A resource as data. */
export interface ResourceDefinition<I extends z.ZodObject, O extends z.ZodObject> {
  /** The name users write, in PascalCase: `AgentToken`. */
  readonly name: string;
  /** Markdown; the first sentence says what it is. */
  readonly description: string;
  readonly inputs: I;
  /** What the provider adds. The inputs (without credentials) are outputs too and are not repeated here. */
  readonly outputs: O;
  readonly examples?: readonly Example[];
  /** Older type tokens, so that existing state finds its resource. */
  readonly aliases?: readonly string[];
  readonly deprecation?: string;
  /** How long each operation may take if the user does not say; `"none"` for as long as it needs. Default 20m, for read 5m. */
  readonly timeouts?: Partial<Record<Operation, Duration | "none">>;
  /** True if old and new cannot exist side by side. */
  readonly deleteBeforeReplace?: boolean;
  /**
   * True if the engine shall read the object before every preview and update; a function, where the inputs say so.
   * Inputs that are not known yet arrive as `Unknown`.
   */
  readonly refreshBeforeUpdate?: boolean | ((inputs: PreviewOf<z.output<I>>) => boolean);
  /** Outputs that no update changes: they stay known in previews. */
  readonly stableOutputs?: readonly (keyof z.output<O> & string)[];
  /**
   * The version of what the state holds; raise it with every change of inputs or outputs that old state does not
   * fit, and add the step to `migrations`. Default 0.
   */
  readonly stateVersion?: number;
  /**
   * For each older version, the step to the next one. It may be called for the inputs alone, with no outputs, and
   * with inputs that have the step behind them already: what it returns for those is not used.
   */
  readonly migrations?: Readonly<Record<number, (state: MigratedState) => MigratedState>>;
  /** The recorded outputs that say "not as desired": they make a difference although no input changed. */
  readonly drift?: (state: State<z.output<I>, z.output<O>>) => readonly Path[];
}

/** State on its way from an older version of a descriptor. */
export interface MigratedState {
  readonly inputs: ValueMap;
  readonly outputs: ValueMap;
}

/** Which object a call is about. */
export interface Identity {
  readonly urn: string;
  /** The name the program gave the resource, not the object's own. */
  readonly logicalName: string;
}

export interface CheckRequest<I> extends Identity {
  readonly inputs: PreviewOf<I>;
  readonly old: ValueMap | undefined;
}

/** What a `check` handler finds; `path` is relative to the inputs. */
export interface Finding {
  readonly path: Path;
  readonly reason: string;
  /** A warning lets the deployment go on. Default `failure`. */
  readonly severity?: "failure" | "warning";
}

export interface CreateRequest<I, O> extends Identity {
  readonly inputs: I;
  /**
   * Says that the object exists from now on, and what is known of it. Whatever happens after (an error, a time-out,
   * a crash of the handler), its id is not lost: the object is recorded as incomplete and the next `up` updates it.
   */
  exists(id: string, outputs?: Partial<ReturnedObject<O>>): void;
}

/** An object that exists; with `reasons` it exists, but is not yet as desired. */
export interface Created<O> {
  readonly id: string;
  readonly outputs: ReturnedObject<O>;
  readonly reasons?: readonly string[];
}

export interface ReadRequest<I, O> extends Identity {
  readonly id: string;
  /** What is recorded; absent on import, where the id is all there is. */
  readonly old: State<I, O> | undefined;
  /** True where a stack takes the object over for good, and not where a program or a person only looks it up. */
  readonly isImport?: boolean;
  /** What a program says that only looks the object up (`Resource.get`): credentials, for one. Else empty. */
  readonly given: Partial<I>;
}

/** Inputs as they were found: null says that a property is not set, absence that it cannot be read back. */
export type FoundInputs<I> = { readonly [K in keyof I]?: Returned<I[K]> | (undefined extends I[K] ? null : never) };

/**
 * An object as it was found. `inputs` are such that a program with exactly these has nothing to do; properties that
 * cannot be read back are left out and keep what is recorded.
 */
export interface Found<I, O> {
  readonly id?: string;
  readonly inputs: FoundInputs<I>;
  readonly outputs: ReturnedObject<O>;
  readonly reasons?: readonly string[];
}

export interface UpdateRequest<I, O> extends Identity {
  readonly id: string;
  readonly inputs: I;
  readonly old: State<I, O>;
  /** What differs in the inputs. */
  readonly changes: readonly Change[];
}

/** An object after an update; with `reasons` it is not yet as desired. */
export interface Updated<O> {
  readonly outputs: ReturnedObject<O>;
  readonly reasons?: readonly string[];
}

export interface DeleteRequest<I, O> extends Identity {
  readonly id: string;
  readonly old: State<I, O>;
}

export interface CreatePreviewRequest<I> extends Identity {
  readonly inputs: PreviewOf<I>;
}

export interface UpdatePreviewRequest<I, O> extends Identity {
  readonly id: string;
  readonly inputs: PreviewOf<I>;
  readonly old: State<I, O>;
  readonly changes: readonly Change[];
}

/** What a preview knows of the outputs; those left out are unknown. */
export type PreviewedOutputs<O> = { readonly [K in keyof O]?: ReturnedInPreview<O[K]> };

export interface ListRequest {
  /** The most entries wanted; 0 for all. */
  readonly limit: number;
}

/** One entry of a listing: enough to import the object. */
export interface Listed {
  readonly id: string;
  readonly name: string;
}

/**
 * What a resource does. Only `create` and `delete` are required; without `read` it cannot be imported or refreshed,
 * without `update` every change of its inputs replaces it.
 *
 * The methods are declared as methods on purpose: that lets a list hold resources of different types.
 */
export interface ResourceHandlers<I, O, Client> {
  /**
   * Values for properties that are marked `supplied` and that the program leaves out; others are not looked at. Called
   * before `check`, which sees them. Must not write anything.
   */
  supply?(request: CheckRequest<I>, context: Context<Client>): Promise<Partial<PreviewOf<I>>>;
  /** Rules that need more than the shape. Must not write anything. */
  check?(request: CheckRequest<I>, context: Context<Client>): Promise<readonly Finding[]>;
  create(request: CreateRequest<I, O>, context: Context<Client>): Promise<Created<O>>;
  read?(request: ReadRequest<I, O>, context: Context<Client>): Promise<Found<I, O> | undefined>;
  update?(request: UpdateRequest<I, O>, context: Context<Client>): Promise<Updated<O>>;
  /** Called in place of `update` when only credentials changed. Without it the new ones are just recorded. */
  updateCredentials?(request: UpdateRequest<I, O>, context: Context<Client>): Promise<Updated<O>>;
  /** An error with the code `not-found` counts as done. */
  delete(request: DeleteRequest<I, O>, context: Context<Client>): Promise<void>;
  /** What creating would give. Must not write anything. Without it all outputs are unknown in a preview. */
  previewCreate?(request: CreatePreviewRequest<I>, context: Context<Client>): Promise<PreviewedOutputs<O>>;
  /** What updating would give. Must not write anything. */
  previewUpdate?(request: UpdatePreviewRequest<I, O>, context: Context<Client>): Promise<PreviewedOutputs<O>>;
  /** All objects there are, for `pulumi do ... list`. */
  list?(request: ListRequest, context: Context<Client>): AsyncIterable<Listed>;
}

/** A resource whose descriptor has been read, without its handlers. */
export interface ResourceDescriptor {
  readonly name: string;
  readonly description: string;
  readonly inputs: ObjectShape;
  readonly outputs: ObjectShape;
  readonly examples: readonly Example[];
  readonly aliases: readonly string[];
  readonly deprecation: string | undefined;
  readonly timeouts: Partial<Record<Operation, Duration | "none">>;
  readonly deleteBeforeReplace: boolean;
  refreshBeforeUpdate(inputs: Properties): boolean;
  /** True if {@link refreshBeforeUpdate} may answer either way. */
  readonly refreshDependsOnInputs: boolean;
  readonly stableOutputs: readonly string[];
  readonly stateVersion: number;
  readonly migrations: Readonly<Record<number, (state: MigratedState) => MigratedState>>;
  readonly hasDrift: boolean;
  drift(state: State<Properties, Properties>): readonly Path[];
  readonly contradictions: readonly Contradiction[];
}

/** A resource as a provider serves it. */
export interface Resource<Client> {
  readonly descriptor: ResourceDescriptor;
  readonly handlers: ResourceHandlers<Properties, Properties, Client>;
}

/** A descriptor that waits for its handlers. */
export interface DefinedResource<I, O> {
  readonly descriptor: ResourceDescriptor;
  handle<Client>(handlers: ResourceHandlers<I, O, Client>): Resource<Client>;
}

/**
 * Describes a resource once; types, validation, diff, schema and documentation all come from here.
 *
 * @example
 * const note = defineResource({
 *   name: "Note",
 *   description: "A line of text that is kept.",
 *   inputs: z.object({ text: z.string().meta({ description: "What it says." }) }),
 *   outputs: z.object({ writtenAt: z.string().meta({ description: "When, in ISO 8601." }) }),
 * }).handle<Store>({
 *   async create({ inputs, logicalName }, { client }) {
 *     const note = await client.write(logicalName, inputs.text);
 *     return { id: note.id, outputs: { writtenAt: note.writtenAt } };
 *   },
 *   async delete({ id }, { client }) {
 *     await client.remove(id);
 *   },
 * });
 */
export function defineResource<I extends z.ZodObject, O extends z.ZodObject>(
  definition: ResourceDefinition<I, O>,
): DefinedResource<z.output<I>, z.output<O>> {
  const reported: Contradiction[] = [];
  const compile = (side: "inputs" | "outputs") =>
    compileShape(definition[side], {
      at: `${definition.name}.${side}`,
      typeName: definition.name,
      report: (contradiction) => reported.push(contradiction),
    }) as ObjectShape; // a z.object compiles to an object
  const inputs = later(() => compile("inputs"));
  const outputs = later(() => compile("outputs"));
  const contradictions = later(() => {
    const found = contradictionsOf(descriptor);
    return [...reported, ...found];
  });
  const refresh = definition.refreshBeforeUpdate;
  const descriptor: ResourceDescriptor = {
    name: definition.name,
    description: definition.description,
    get inputs() {
      return inputs();
    },
    get outputs() {
      return outputs();
    },
    examples: definition.examples ?? [],
    aliases: definition.aliases ?? [],
    deprecation: definition.deprecation,
    timeouts: definition.timeouts ?? {},
    deleteBeforeReplace: definition.deleteBeforeReplace ?? false,
    refreshBeforeUpdate: (given) =>
      typeof refresh === "function" ? refresh(given as PreviewOf<z.output<I>>) : (refresh ?? false), // as for handlers: see `erase`
    refreshDependsOnInputs: typeof refresh === "function",
    stableOutputs: definition.stableOutputs ?? [],
    stateVersion: definition.stateVersion ?? 0,
    migrations: definition.migrations ?? {},
    hasDrift: definition.drift !== undefined,
    drift: (state) => definition.drift?.(state as State<z.output<I>, z.output<O>>) ?? [], // as for handlers: see `erase`
    get contradictions() {
      return contradictions();
    },
  };
  return { descriptor, handle: (handlers) => ({ descriptor, handlers: erase(handlers) }) };
}

/**
 * Handlers of one resource as handlers of any. The caller keeps the promise that the types make: it hands in only
 * what has passed the check of this very descriptor.
 */
function erase<I, O, Client>(
  handlers: ResourceHandlers<I, O, Client>,
): ResourceHandlers<Properties, Properties, Client> {
  const erased: unknown = handlers;
  return erased as ResourceHandlers<Properties, Properties, Client>;
}
