import { checkObject } from "../../define/check.ts";
import { differences } from "../../define/difference.ts";
import { ProviderError } from "../../define/errors.ts";
import { formatPath } from "../../define/path.ts";
import { describeProblem, plainMapOf, valueFrom } from "../../define/plain.ts";
import type { Found, Properties, ResourceDescriptor, State } from "../../define/resource.ts";
import { getKey, hasUnknown, isValueMap, setKey, type Value, type ValueMap } from "../../define/value.ts";
import type { RunningCall } from "../calls.ts";
import { copySecrecy } from "../outputs.ts";
import { providerPb } from "../proto.ts";
import type { RedactionScope } from "../redact.ts";
import type { Session } from "../session.ts";
import { isEmpty, markInputs, type RecordedState, readRecorded, typedState } from "../state.ts";
import { decodeMap, encodeMap } from "../wire-values.ts";
import { incomplete, recordOf } from "./record.ts";

/** Reads an object: to import it by its id alone, or to refresh what is recorded. An empty id says it is gone. */
export async function read<Client>(
  session: Session<Client>,
  request: providerPb.ReadRequest,
  call: RunningCall,
  scope: RedactionScope,
): Promise<providerPb.ReadResponse> {
  const { urn, resource } = session.resource(request.getUrn());
  const { descriptor, handlers } = resource;
  const outputs = decodeMap(request.getProperties());
  const inputs = request.hasInputs() ? decodeMap(request.getInputs()) : undefined;
  session.conceal(scope, descriptor.inputs, [inputs ?? outputs]);
  session.conceal(scope, descriptor.outputs, [outputs]);
  const recorded =
    isEmpty(outputs) && (inputs === undefined || isEmpty(inputs))
      ? undefined
      : readRecorded(descriptor, inputs, outputs);
  if (recorded === undefined) session.imported.add(request.getUrn());
  const response = new providerPb.ReadResponse();
  response.setRefreshBeforeUpdate(descriptor.refreshBeforeUpdate(plainMapOf(recorded?.inputs ?? {})));
  if (handlers.read === undefined) {
    if (recorded === undefined)
      throw new ProviderError({ code: "unsupported", message: `a ${descriptor.name} cannot be imported` });
    // What cannot be read is as it is recorded.
    response.setId(request.getId());
    response.setProperties(request.getProperties());
    response.setInputs(request.getInputs() ?? encodeMap(recorded.inputs));
    return response;
  }
  const old = recorded === undefined ? undefined : stateOrNothing(descriptor, recorded);
  const given = old === undefined ? validInputs(descriptor, recorded?.inputs ?? {}) : {};
  // The engine sends inputs with everything but an import: those of a program that looks an object up may be empty.
  const isImport = recorded === undefined && inputs === undefined;
  const found = await handlers.read(
    { urn: urn.urn, logicalName: urn.name, id: request.getId(), old, given, isImport },
    session.context(urn.urn, call),
  );
  if (found === undefined) return response;
  const live = liveInputs(session, descriptor, found, recorded?.inputs ?? {}, scope);
  const id = found.id ?? request.getId();
  const object = { descriptor, inputs: live.inputs, id, outputs: found.outputs, made: recorded?.made, scope };
  const { properties, reasons } = recordOf(object, found.reasons, live.problems);
  if (reasons.length > 0) throw incomplete(object, reasons);
  response.setRefreshBeforeUpdate(descriptor.refreshBeforeUpdate(plainMapOf(live.inputs)));
  response.setId(object.id);
  response.setProperties(properties);
  response.setInputs(encodeMap(markInputs(descriptor, live.inputs)));
  return response;
}

/** State that does not fit the descriptor is repaired by a refresh: the object is read as if for the first time. */
function stateOrNothing(
  descriptor: ResourceDescriptor,
  recorded: RecordedState,
): State<Properties, Properties> | undefined {
  try {
    return typedState(descriptor, recorded);
  } catch (error) {
    if (error instanceof ProviderError && error.code === "failed-precondition") return undefined;
    throw error;
  }
}

/** The inputs that are right by themselves, whatever else is missing. */
function validInputs(descriptor: ResourceDescriptor, inputs: ValueMap): Properties {
  const wrong = new Set(checkObject(descriptor.inputs, inputs).failures.map(({ path }) => path[0]));
  return plainMapOf(
    Object.fromEntries(Object.entries(inputs).filter(([name, value]) => !wrong.has(name) && !hasUnknown(value))),
  );
}

/**
 * The inputs with which a program would have nothing to do: what was found, in the form in which it is recorded where
 * it is the same (with its secrets, its order, its files), and what is recorded for whatever cannot be read back.
 */
function liveInputs<Client>(
  session: Session<Client>,
  descriptor: ResourceDescriptor,
  found: Found<Properties, Properties>,
  recorded: ValueMap,
  scope: RedactionScope,
): { inputs: ValueMap; problems: readonly string[] } {
  const problems: string[] = [];
  const value = valueFrom(
    found.inputs,
    (path, problem) => problems.push(describeProblem(path, problem)),
    (text) => scope.touches(text),
  );
  const merged: Record<string, Value> = {};
  for (const name of descriptor.inputs.properties.keys()) {
    const read = isValueMap(value) ? getKey(value, name) : undefined;
    const old = getKey(recorded, name);
    if (read !== undefined) setKey(merged, name, copySecrecy(read, old));
    else if (old !== undefined) setKey(merged, name, old);
  }
  if (isValueMap(value)) {
    for (const name of Object.keys(value)) {
      if (!descriptor.inputs.properties.has(name))
        problems.push(`the provider returned an input that it does not have: ${name}`);
    }
  }
  const checked = checkObject(descriptor.inputs, merged, { environment: session.environment });
  for (const failure of checked.failures) {
    if (failure.problem !== "missing" && failure.problem !== "missing-credential")
      problems.push(`${formatPath(failure.path)}: ${failure.reason}`);
  }
  const changed = new Set(
    differences(descriptor.inputs, recorded, checked.value)
      .filter(({ effect }) => effect !== "secrecy" && effect !== "credential")
      .map((change) => change.path[0]),
  );
  const inputs: Record<string, Value> = {};
  for (const [name, live] of Object.entries(checked.value)) {
    const old = getKey(recorded, name);
    setKey(inputs, name, old !== undefined && !changed.has(name) ? old : live);
  }
  return { inputs, problems };
}
