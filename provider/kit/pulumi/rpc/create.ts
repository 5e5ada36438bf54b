import { checkObject } from "../../define/check.ts";
import { describeError, ProviderError } from "../../define/errors.ts";
import { formatPath } from "../../define/path.ts";
import { plainMapOf } from "../../define/plain.ts";
import type { Properties, ResourceDescriptor } from "../../define/resource.ts";
import { hasUnknown, type ValueMap } from "../../define/value.ts";
import type { RunningCall } from "../calls.ts";
import { previewOutputs, readOutputs } from "../outputs.ts";
import { providerPb } from "../proto.ts";
import type { RedactionScope } from "../redact.ts";
import type { Session } from "../session.ts";
import { echoOf, withoutMarks } from "../state.ts";
import { isStatus } from "../status.ts";
import { decodeMap, encodeMap } from "../wire-values.ts";
import { previewOf } from "./check.ts";
import { type ExistingObject, incomplete, recordOf } from "./record.ts";

/** Makes an object, or says in a preview what that would give. */
export async function create<Client>(
  session: Session<Client>,
  request: providerPb.CreateRequest,
  call: RunningCall,
  scope: RedactionScope,
): Promise<providerPb.CreateResponse> {
  const { urn, resource } = session.resource(request.getUrn());
  const { descriptor } = resource;
  const inputs = withoutMarks(decodeMap(request.getProperties()));
  session.conceal(scope, descriptor.inputs, [inputs]);
  const identity = { urn: urn.urn, logicalName: urn.name };
  const context = session.context(urn.urn, call);
  const response = new providerPb.CreateResponse();
  response.setRefreshBeforeUpdate(descriptor.refreshBeforeUpdate(plainMapOf(inputs)));
  if (request.getPreview()) {
    const known = await resource.handlers.previewCreate?.({ ...identity, inputs: previewOf(inputs) }, context);
    response.setProperties(encodeMap({ ...echoOf(descriptor, inputs), ...previewed(descriptor, known, scope) }));
    return response;
  }
  const wanted = acceptable(descriptor, inputs);
  const object: ExistingObject = { descriptor, inputs, id: undefined, outputs: undefined, made: undefined, scope };
  const take = (id: string) => {
    if (object.id === id) return;
    object.id = id;
    object.made = session.makings.begin(urn.urn, id);
  };
  // Whatever goes wrong once the object exists must not lose its id: the engine then records it as incomplete, and
  // the next `up` updates it.
  call.rescue = (error) =>
    object.id === undefined || isStatus(error)
      ? error
      : incomplete(object, [describeError(session.explain(error, urn.urn))], error);
  const created = await resource.handlers.create(
    {
      ...identity,
      inputs: wanted,
      exists: (id, outputs) => {
        take(requireId(id, "exists"));
        object.outputs = outputs ?? object.outputs;
      },
    },
    context,
  );
  take(requireId(created?.id, "create"));
  object.outputs = created.outputs;
  const { properties, reasons } = recordOf(object, created.reasons);
  if (reasons.length > 0) throw incomplete(object, reasons);
  response.setId(created.id);
  response.setProperties(properties);
  return response;
}

function requireId(id: unknown, from: string): string {
  if (typeof id === "string" && id !== "") return id;
  throw new ProviderError({
    code: "internal",
    message: `the handler gave "${from}" no id, so the object it may have made cannot be recorded`,
  });
}

/** What a preview handler knows, with unknowns for the rest. */
export function previewed(descriptor: ResourceDescriptor, known: unknown, scope: RedactionScope): ValueMap {
  if (known === undefined) return previewOutputs(descriptor.outputs, {});
  const { value, problems } = readOutputs(descriptor.outputs, known, {
    isSecretText: (text) => scope.touches(text),
    partial: true,
  });
  const [problem] = problems;
  if (problem !== undefined)
    throw new ProviderError({ code: "internal", message: `the preview returned outputs that do not fit: ${problem}` });
  return previewOutputs(descriptor.outputs, value);
}

/**
 * Inputs that a handler may act on.
 * @throws ProviderError `invalid-input` for what the check would have refused, and for what is not known yet
 */
export function acceptable(descriptor: ResourceDescriptor, inputs: ValueMap): Properties {
  if (hasUnknown(inputs))
    throw new ProviderError({ code: "invalid-input", message: "the inputs hold values that are not known yet" });
  const checked = checkObject(descriptor.inputs, inputs);
  const [failure] = checked.failures;
  if (failure !== undefined)
    throw new ProviderError({ code: "invalid-input", message: `${formatPath(failure.path)}: ${failure.reason}` });
  return plainMapOf(checked.value);
}
