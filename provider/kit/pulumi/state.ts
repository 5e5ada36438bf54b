import { checkObject, type Failure } from "../define/check.ts";
import { withoutCredentials } from "../define/credentials.ts";
import { ProviderError } from "../define/errors.ts";
import { formatPath } from "../define/path.ts";
import { plainMapOf } from "../define/plain.ts";
import type { MigratedState, Properties, ResourceDescriptor, State } from "../define/resource.ts";
import { getKey, isValueMap, setKey, type Value, type ValueMap } from "../define/value.ts";

/** Keys of the state that are the kit's own. The engine hides whatever starts with `__` from users. */
const VERSION_KEY = "__version";
const INCOMPLETE_KEY = "__incomplete";
const MADE_KEY = "__made";

/** What the engine remembers of an object, in the form of the present descriptor. */
export interface RecordedState {
  readonly inputs: ValueMap;
  /** All outputs: the inputs again (without credentials) and what the provider added. */
  readonly outputs: ValueMap;
  /** The last operation left the object not as desired. */
  readonly incomplete: boolean;
  /** Which making of the object this is; absent of imported ones, and in records of older versions. See `Makings`. */
  readonly made: string | undefined;
}

/** What the engine is to remember of an object beside its outputs. */
export interface OutputMarks {
  readonly incomplete: boolean;
  readonly made: string | undefined;
}

/**
 * Reads what the engine remembers. State of an older version of the descriptor is brought up to date by the steps
 * that the descriptor declares.
 *
 * Inputs and outputs may be of different versions: of an object that did not change the engine records the inputs as
 * the last Check returned them, beside the outputs as they were. So each says its own version, and a step that the
 * inputs have behind them changes the outputs only.
 *
 * @throws ProviderError `failed-precondition` for state of a newer version
 */
export function readRecorded(
  descriptor: ResourceDescriptor,
  inputs: ValueMap | undefined,
  outputs: ValueMap,
): RecordedState {
  const incomplete = getKey(outputs, INCOMPLETE_KEY) === true;
  const made = getKey(outputs, MADE_KEY);
  const outputsVersion = versionOf(descriptor, outputs) ?? 0;
  const inputsVersion = (inputs === undefined ? undefined : versionOf(descriptor, inputs)) ?? outputsVersion;
  let state: MigratedState = {
    inputs: inputs === undefined ? pick(outputs, descriptor.inputs.properties) : withoutMarks(inputs),
    outputs: withoutMarks(outputs),
  };
  for (let step = Math.min(inputsVersion, outputsVersion); step < descriptor.stateVersion; step++) {
    const migrated = descriptor.migrations[step]?.(state);
    if (migrated === undefined) continue;
    state = {
      inputs: step < inputsVersion ? state.inputs : migrated.inputs,
      outputs: step < outputsVersion ? state.outputs : migrated.outputs,
    };
  }
  return { ...state, incomplete, made: typeof made === "string" ? made : undefined };
}

/** The inputs that Check is told of, in the form of the present descriptor. No outputs come with them. */
export function readRecordedInputs(descriptor: ResourceDescriptor, inputs: ValueMap): ValueMap {
  return isEmpty(inputs) ? inputs : readRecorded(descriptor, inputs, {}).inputs;
}

function versionOf(descriptor: ResourceDescriptor, map: ValueMap): number | undefined {
  const version = getKey(map, VERSION_KEY);
  if (version === undefined || (typeof version === "number" && version <= descriptor.stateVersion)) return version;
  throw new ProviderError({
    code: "failed-precondition",
    message: `the state of this ${descriptor.name} was written by a newer version of the provider (state version ${String(version)}, this one knows ${descriptor.stateVersion})`,
    hint: "use the newer provider plugin",
  });
}

/**
 * What is remembered as handlers see it. The outputs of an object whose last operation did not finish may be any part
 * of what the descriptor promises: such an object must be repaired or removed, not refused.
 *
 * @throws ProviderError `failed-precondition` if it does not fit the descriptor
 */
export function typedState(descriptor: ResourceDescriptor, recorded: RecordedState): State<Properties, Properties> {
  const inputs = checkObject(descriptor.inputs, recorded.inputs);
  const outputs = checkObject(descriptor.outputs, pick(recorded.outputs, descriptor.outputs.properties), {
    outputs: true,
  });
  const failure =
    inputs.failures.find(breaksTypes) ?? (recorded.incomplete ? undefined : outputs.failures.find(breaksTypes));
  if (failure !== undefined) {
    throw new ProviderError({
      code: "failed-precondition",
      message: `the recorded state of this ${descriptor.name} does not fit this version of the provider: ${formatPath(failure.path)}: ${failure.reason}`,
      hint: "run `pulumi refresh`, which reads the object anew, or use the version of the provider that wrote the state",
    });
  }
  return { inputs: plainMapOf(inputs.value), outputs: plainMapOf(outputs.value) };
}

/**
 * Rules on values may be stricter than when the state was written, a property may be gone, and an imported object has
 * no credentials: none of that keeps a handler from updating or removing it.
 */
function breaksTypes({ problem }: Failure): boolean {
  return problem === "kind" || problem === "missing";
}

/** True if nothing that the descriptor promises is missing among the recorded outputs. */
export function hasAllOutputs(descriptor: ResourceDescriptor, recorded: RecordedState): boolean {
  const outputs = pick(recorded.outputs, descriptor.outputs.properties);
  return checkObject(descriptor.outputs, outputs, { outputs: true }).failures.length === 0;
}

/** The outputs that go to the engine, with the kit's own marks. */
export function markOutputs(
  descriptor: ResourceDescriptor,
  outputs: ValueMap,
  { incomplete, made }: OutputMarks,
): ValueMap {
  const marked: Record<string, Value> = { ...outputs };
  if (descriptor.stateVersion > 0) marked[VERSION_KEY] = descriptor.stateVersion;
  if (incomplete) marked[INCOMPLETE_KEY] = true;
  if (made !== undefined) marked[MADE_KEY] = made;
  return marked;
}

/** The inputs that go to the engine, with the version whose form they have. */
export function markInputs(descriptor: ResourceDescriptor, inputs: ValueMap): ValueMap {
  return descriptor.stateVersion > 0 ? { ...inputs, [VERSION_KEY]: descriptor.stateVersion } : inputs;
}

/** The inputs that are repeated among the outputs: all but credentials, which stay in the inputs only. */
export function echoOf(descriptor: ResourceDescriptor, inputs: ValueMap): ValueMap {
  return withoutCredentials(descriptor.inputs, inputs);
}

/** The properties of a map that have a name among the given ones. */
export function pick(map: ValueMap, names: ReadonlyMap<string, unknown>): ValueMap {
  const picked: Record<string, Value> = {};
  for (const name of names.keys()) {
    const value = getKey(map, name);
    if (value !== undefined) setKey(picked, name, value);
  }
  return picked;
}

/** Inputs or outputs as the engine sends them, without the kit's own marks. */
export function withoutMarks(map: ValueMap): ValueMap {
  const kept: Record<string, Value> = {};
  for (const [key, value] of Object.entries(map)) if (!key.startsWith("__")) setKey(kept, key, value);
  return kept;
}

/** True if there is nothing in it: the engine sends empty maps where it has nothing to say. */
export function isEmpty(map: ValueMap): boolean {
  return isValueMap(map) && Object.keys(map).length === 0;
}
