import { plainMapOf } from "../../define/plain.ts";
import type { ResourceDescriptor } from "../../define/resource.ts";
import type { Value, ValueMap } from "../../define/value.ts";
import { readOutputs } from "../outputs.ts";
import type { Struct } from "../proto.ts";
import type { RedactionScope } from "../redact.ts";
import { echoOf, markInputs, markOutputs } from "../state.ts";
import { initFailedStatus } from "../status.ts";
import { encodeMap } from "../wire-values.ts";

/** An object of the outside world while an operation works on it. */
export interface ExistingObject {
  readonly descriptor: ResourceDescriptor;
  /** The inputs that it has, or is to have. */
  readonly inputs: ValueMap;
  /** `undefined` as long as it does not exist. */
  id: string | undefined;
  /** What handlers said of it so far, unchecked. */
  outputs: unknown;
  /** Which making of it this is; see `Makings`. */
  made: string | undefined;
  readonly scope: RedactionScope;
}

/** The outputs of an object in the engine's form, and why they are not all that they should be. */
export interface ObjectRecord {
  readonly properties: Struct;
  readonly reasons: readonly string[];
}

/**
 * What the engine is to remember of an object. A handler that returns what cannot be sent does not cost the object:
 * it is recorded with what can be sent, and as incomplete.
 */
export function recordOf(
  object: ExistingObject,
  given: readonly string[] | undefined,
  always: readonly string[] = [],
): ObjectRecord {
  const { descriptor, inputs, made, scope } = object;
  const { value, problems } = readOutputs(descriptor.outputs, object.outputs ?? {}, {
    isSecretText: (text) => scope.touches(text),
  });
  const reasons = [...always, ...(given ?? [])];
  // An object that says itself what is missing need not have all its outputs yet.
  if (reasons.length === 0)
    reasons.push(
      ...problems.map(
        (problem) => `the provider returned outputs that do not fit, which is a fault of the provider: ${problem}`,
      ),
    );
  const outputs: Record<string, Value> = { ...echoOf(descriptor, inputs), ...value };
  return { properties: encodeMap(markOutputs(descriptor, outputs, { incomplete: reasons.length > 0, made })), reasons };
}

/** The error that records an object and says why it is not as desired. */
export function incomplete(object: ExistingObject, reasons: readonly string[], cause?: unknown) {
  const id = object.id ?? "";
  return initFailedStatus({
    id,
    properties: recordOf(object, reasons).properties,
    inputs: encodeMap(markInputs(object.descriptor, object.inputs)),
    reasons: reasons.map((reason) => object.scope.mask(reason)),
    refreshBeforeUpdate: object.descriptor.refreshBeforeUpdate(plainMapOf(object.inputs)),
    cause,
  });
}
