import { checkObject } from "../../define/check.ts";
import { describeError, ProviderError } from "../../define/errors.ts";
import { formatPath } from "../../define/path.ts";
import { plainMapOf } from "../../define/plain.ts";
import { hasUnknown } from "../../define/value.ts";
import type { RunningCall } from "../calls.ts";
import { readOutputs } from "../outputs.ts";
import { providerPb } from "../proto.ts";
import type { RedactionScope } from "../redact.ts";
import { type Session, unknownToken } from "../session.ts";
import { decodeMap, encodeMap } from "../wire-values.ts";
import { failuresOf } from "./failures.ts";

/** Calls a function. What is wrong with its arguments is a failure with a path, not an error. */
export async function invoke<Client>(
  session: Session<Client>,
  request: providerPb.InvokeRequest,
  call: RunningCall,
  scope: RedactionScope,
): Promise<providerPb.InvokeResponse> {
  const target = session.provider.functions.get(request.getTok());
  if (target === undefined) throw unknownToken("function", request.getTok(), session.provider.functions.keys());
  const { descriptor, handler } = target;
  const given = decodeMap(request.getArgs());
  session.conceal(scope, descriptor.inputs, [given]);
  if (hasUnknown(given))
    throw new ProviderError({ code: "invalid-input", message: "the arguments hold values that are not known yet" });
  const checked = checkObject(descriptor.inputs, given, { environment: session.environment });
  const log = session.log("");
  for (const warning of checked.warnings)
    log.warn(`${request.getTok()}: ${formatPath(warning.path)} is ${warning.reason}`);
  const response = new providerPb.InvokeResponse();
  if (checked.failures.length > 0) {
    response.setFailuresList(failuresOf(descriptor.inputs, [given, checked.value], checked.failures));
    return response;
  }
  let returned: unknown;
  try {
    returned = await handler.handle(
      { inputs: plainMapOf(checked.value), preview: request.getPreview() },
      session.context("", call),
    );
  } catch (error) {
    if (!(error instanceof ProviderError && error.code === "invalid-input" && error.path !== undefined)) throw error;
    const reason = scope.mask(describeError({ code: error.code, message: error.message, hint: error.hint }));
    response.setFailuresList(
      failuresOf(descriptor.inputs, [given, checked.value], [{ path: error.path, problem: "value", reason }]),
    );
    return response;
  }
  const { value, problems } = readOutputs(descriptor.outputs, returned, {
    isSecretText: (text) => scope.touches(text),
  });
  const [problem] = problems;
  if (problem !== undefined)
    throw new ProviderError({ code: "internal", message: `the function returned what does not fit: ${problem}` });
  response.setReturn(encodeMap(value));
  return response;
}
