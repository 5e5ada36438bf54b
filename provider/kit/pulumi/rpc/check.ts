import { checkObject, type Failure } from "../../define/check.ts";
import { ProviderError } from "../../define/errors.ts";
import { formatPath } from "../../define/path.ts";
import type { PreviewOf } from "../../define/plain.ts";
import { describeProblem, plainMapOf, valueFrom } from "../../define/plain.ts";
import type { Properties, Resource } from "../../define/resource.ts";
import type { ObjectShape } from "../../define/shape.ts";
import { getKey, isValueMap, setKey, unwrap, type Value, type ValueMap } from "../../define/value.ts";
import { autoname, type NamingRequest } from "../autoname.ts";
import type { RunningCall } from "../calls.ts";
import { providerPb } from "../proto.ts";
import type { RedactionScope } from "../redact.ts";
import type { Session } from "../session.ts";
import { isEmpty, markInputs, readRecordedInputs } from "../state.ts";
import { decodeMap, encodeMap } from "../wire-values.ts";
import { failuresOf } from "./failures.ts";

/** Validates inputs, fills in defaults and names, and marks what is secret. */
export async function check<Client>(
  session: Session<Client>,
  request: providerPb.CheckRequest,
  call: RunningCall,
  scope: RedactionScope,
): Promise<providerPb.CheckResponse> {
  const { urn, resource } = session.resource(request.getUrn());
  const { descriptor } = resource;
  const recorded = decodeMap(request.getOlds());
  const news = decodeMap(request.getNews());
  session.conceal(scope, descriptor.inputs, [recorded, news]);
  const olds = readRecordedInputs(descriptor, recorded);
  const naming = namingOf(request, urn.name);
  const checked = checkObject(descriptor.inputs, keepNames(resource, olds, news), {
    environment: session.environment,
    autoname: (property, rule) => autoname(property, rule, naming),
  });
  const failures: Failure[] = [...checked.failures];
  const log = session.log(urn.urn);
  for (const warning of checked.warnings) log.warn(`${formatPath(warning.path)} is ${warning.reason}`);
  const { handlers } = resource;
  let { value } = checked;
  const asked = { urn: urn.urn, logicalName: urn.name, old: isEmpty(olds) ? undefined : olds };
  if (failures.length === 0 && handlers.supply !== undefined && session.isConfigured) {
    const request = { ...asked, inputs: previewOf(value) };
    const supplied = await handlers.supply(request, session.context(urn.urn, call));
    value = withSupplied(descriptor.inputs, value, supplied);
  }
  if (failures.length === 0 && handlers.check !== undefined && session.isConfigured) {
    const request = { ...asked, inputs: previewOf(value) };
    const findings = await handlers.check(request, session.context(urn.urn, call));
    for (const finding of findings) {
      const reason = session.redactor.mask(finding.reason);
      if (finding.severity === "warning")
        log.warn(finding.path.length === 0 ? reason : `${formatPath(finding.path)}: ${reason}`);
      else failures.push({ path: finding.path, problem: "value", reason });
    }
  }
  const response = new providerPb.CheckResponse();
  response.setInputs(encodeMap(markInputs(descriptor, value)));
  response.setFailuresList(failuresOf(descriptor.inputs, [news, value], failures));
  return response;
}

/** Inputs as handlers see them in a preview. */
export function previewOf(inputs: ValueMap): PreviewOf<Properties> {
  return plainMapOf(inputs) as PreviewOf<Properties>; // unknown parts stay Unknown, which is what the type says
}

/** What the program says, and for what it leaves out what the resource supplies. */
function withSupplied(shape: ObjectShape, given: ValueMap, supplied: Partial<PreviewOf<Properties>>): ValueMap {
  const value = valueFrom(supplied, (path, problem) => {
    throw new ProviderError({ code: "internal", message: `what was supplied: ${describeProblem(path, problem)}` });
  });
  const filled: Record<string, Value> = { ...given };
  for (const [name, { meta }] of shape.properties) {
    if (meta.supplied === undefined || getKey(given, name) !== undefined || !isValueMap(value)) continue;
    const item = getKey(value, name);
    if (item !== undefined) setKey(filled, name, item);
  }
  return filled;
}

/** An object keeps the name that was made for it once; only a new one gets a new name. */
function keepNames<Client>(resource: Resource<Client>, olds: ValueMap, news: ValueMap): ValueMap {
  const kept: Record<string, Value> = {};
  for (const [name, property] of resource.descriptor.inputs.properties) {
    if (property.meta.autoname === undefined) continue;
    const given = [name, ...(property.meta.aliases ?? [])].some(
      (key) => getKey(news, key) !== undefined && unwrap(getKey(news, key) ?? null).value !== null,
    );
    const old = getKey(olds, name);
    if (!given && old !== undefined) setKey(kept, name, old);
  }
  return { ...news, ...kept };
}

const MODES = providerPb.CheckRequest.AutonamingOptions.Mode;

function namingOf(request: providerPb.CheckRequest, logicalName: string): NamingRequest {
  const seed = Buffer.from(request.getRandomseed_asU8());
  const options = request.getAutonaming();
  if (options === undefined) return { logicalName, seed, mode: "default", proposed: "" };
  const proposed = options.getProposedName();
  switch (options.getMode()) {
    case MODES.DISABLE:
      return { logicalName, seed, mode: "disable", proposed: "" };
    case MODES.ENFORCE:
      return { logicalName, seed, mode: "enforce", proposed };
    default:
      return { logicalName, seed, mode: "propose", proposed };
  }
}
