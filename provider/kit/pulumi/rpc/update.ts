import { type Change, onlyRecorded } from "../../define/difference.ts";
import { describeError, type ErrorCode, ProviderError } from "../../define/errors.ts";
import { plainMapOf } from "../../define/plain.ts";
import type { Properties, ResourceHandlers, UpdateRequest } from "../../define/resource.ts";
import type { ValueMap } from "../../define/value.ts";
import type { RunningCall } from "../calls.ts";
import { providerPb } from "../proto.ts";
import type { RedactionScope } from "../redact.ts";
import type { Session } from "../session.ts";
import { echoOf, markOutputs, pick, type RecordedState, readRecorded, typedState, withoutMarks } from "../state.ts";
import { isStatus } from "../status.ts";
import { decodeMap, encodeMap } from "../wire-values.ts";
import { previewOf } from "./check.ts";
import { acceptable, previewed } from "./create.ts";
import { changesOf, driftOf } from "./diff.ts";
import { type ExistingObject, incomplete, recordOf } from "./record.ts";

/** What an update has to do, from the changes and from what is recorded. */
type Work = "record" | "credentials" | "everything";

function workOf<Client>(
  handlers: ResourceHandlers<Properties, Properties, Client>,
  changes: readonly Change[],
  hasDrift: boolean,
  recorded: RecordedState,
): Work {
  // Without a change the engine calls because an earlier operation did not finish.
  if (changes.length === 0 || hasDrift || recorded.incomplete || !onlyRecorded(changes)) return "everything";
  return changes.some((change) => change.effect === "credential") && handlers.updateCredentials !== undefined
    ? "credentials"
    : "record";
}

/** Brings an object to new inputs, or says in a preview what that would give. */
export async function update<Client>(
  session: Session<Client>,
  request: providerPb.UpdateRequest,
  call: RunningCall,
  scope: RedactionScope,
): Promise<providerPb.UpdateResponse> {
  const { urn, resource } = session.resource(request.getUrn());
  const { descriptor, handlers } = resource;
  const outputs = decodeMap(request.getOlds());
  const oldInputs = request.hasOldInputs() ? decodeMap(request.getOldInputs()) : undefined;
  const inputs = withoutMarks(decodeMap(request.getNews()));
  session.conceal(scope, descriptor.inputs, [inputs, oldInputs ?? outputs]);
  session.conceal(scope, descriptor.outputs, [outputs]);
  const recorded = readRecorded(descriptor, oldInputs, outputs);
  const changes = changesOf(descriptor, recorded.inputs, inputs, request.getIgnorechangesList());
  const work = workOf(handlers, changes, driftOf(descriptor, recorded).length > 0, recorded);
  const response = new providerPb.UpdateResponse();
  response.setRefreshBeforeUpdate(descriptor.refreshBeforeUpdate(plainMapOf(inputs)));
  const identity = { urn: urn.urn, logicalName: urn.name, id: request.getId(), changes };

  if (work === "record") {
    response.setProperties(encodeMap(recordAgain(descriptor, inputs, recorded)));
    return response;
  }
  const old = typedState(descriptor, recorded);
  const context = session.context(urn.urn, call);
  if (request.getPreview()) {
    const known =
      work === "credentials"
        ? old.outputs
        : {
            ...stableOf(descriptor.stableOutputs, old.outputs),
            ...(await handlers.previewUpdate?.({ ...identity, inputs: previewOf(inputs), old }, context)),
          };
    response.setProperties(encodeMap({ ...echoOf(descriptor, inputs), ...previewed(descriptor, known, scope) }));
    return response;
  }
  const object: ExistingObject = {
    descriptor,
    inputs,
    id: request.getId(),
    outputs: old.outputs,
    made: recorded.made,
    scope,
  };
  // A handler that failed in the middle may have changed the object. Then it is recorded as incomplete, so that the
  // next `up` calls update again, also if the program has gone back to what is recorded.
  call.rescue = (error) => {
    if (isStatus(error)) return error;
    const detail = session.explain(error, urn.urn);
    const asItWas = { ...object, inputs: recorded.inputs };
    return MAY_HAVE_CHANGED.has(detail.code) ? incomplete(asItWas, [describeError(detail)], error) : error;
  };
  const updated = await run(handlers, work, { ...identity, inputs: acceptable(descriptor, inputs), old }, context);
  object.outputs = updated.outputs;
  const { properties, reasons } = recordOf(object, updated.reasons);
  if (reasons.length > 0) throw incomplete(object, reasons);
  response.setProperties(properties);
  return response;
}

/** Errors after which nobody can say whether the object is still as it was. */
const MAY_HAVE_CHANGED: ReadonlySet<ErrorCode> = new Set(["internal", "timeout", "cancelled", "unavailable"]);

function run<Client>(
  handlers: ResourceHandlers<Properties, Properties, Client>,
  work: Exclude<Work, "record">,
  request: UpdateRequest<Properties, Properties>,
  context: Parameters<NonNullable<ResourceHandlers<Properties, Properties, Client>["update"]>>[1],
) {
  if (work === "credentials" && handlers.updateCredentials !== undefined)
    return handlers.updateCredentials(request, context);
  if (handlers.update !== undefined) return handlers.update(request, context);
  throw new ProviderError({
    code: "unsupported",
    message: "this resource cannot be updated, only replaced",
    hint: "use `pulumi up --replace <urn>`",
  });
}

/** The outputs as they are recorded, beside the new inputs: what no handler needs to see. */
function recordAgain(descriptor: Parameters<typeof echoOf>[0], inputs: ValueMap, recorded: RecordedState): ValueMap {
  return markOutputs(
    descriptor,
    { ...echoOf(descriptor, inputs), ...pick(recorded.outputs, descriptor.outputs.properties) },
    { incomplete: false, made: recorded.made },
  );
}

function stableOf(names: readonly string[], outputs: Properties): Properties {
  return Object.fromEntries(names.map((name) => [name, outputs[name]]));
}
