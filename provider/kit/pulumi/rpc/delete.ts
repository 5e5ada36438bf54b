import { ProviderError } from "../../define/errors.ts";
import type { RunningCall } from "../calls.ts";
import type { providerPb } from "../proto.ts";
import type { RedactionScope } from "../redact.ts";
import type { Session } from "../session.ts";
import { readRecorded, typedState } from "../state.ts";
import { decodeMap } from "../wire-values.ts";

/**
 * Removes an object. One that is gone already counts as removed, so that a delete can be repeated, and what its
 * replacement has taken over stays.
 */
export async function remove<Client>(
  session: Session<Client>,
  request: providerPb.DeleteRequest,
  call: RunningCall,
  scope: RedactionScope,
): Promise<void> {
  const { urn, resource } = session.resource(request.getUrn());
  const { descriptor, handlers } = resource;
  const outputs = decodeMap(request.getProperties());
  const inputs = request.hasOldInputs() ? decodeMap(request.getOldInputs()) : undefined;
  session.conceal(scope, descriptor.inputs, [inputs ?? outputs]);
  session.conceal(scope, descriptor.outputs, [outputs]);
  const recorded = readRecorded(descriptor, inputs, outputs);
  if (session.makings.isSuperseded(urn.urn, request.getId(), recorded.made)) {
    session.log(urn.urn).info("its replacement has taken it over as it is: nothing is deleted");
    return;
  }
  const old = typedState(descriptor, recorded);
  try {
    await handlers.delete(
      { urn: urn.urn, logicalName: urn.name, id: request.getId(), old },
      session.context(urn.urn, call),
    );
  } catch (error) {
    if (!(error instanceof ProviderError && error.code === "not-found")) throw error;
    session.log(urn.urn).debug("it was gone already");
  }
}
