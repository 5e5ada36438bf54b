import { checkObject, type Failure } from "../../define/check.ts";
import { differences } from "../../define/difference.ts";
import { ProviderError } from "../../define/errors.ts";
import { formatPath } from "../../define/path.ts";
import { plainMapOf } from "../../define/plain.ts";
import { getKey, hasSecret, hasUnknown, Secret, setKey, type Value, type ValueMap } from "../../define/value.ts";
import type { RunningCall } from "../calls.ts";
import { providerPb } from "../proto.ts";
import type { RedactionScope } from "../redact.ts";
import type { Session } from "../session.ts";
import { missingKeysStatus } from "../status.ts";
import { decodeMap, encodeMap } from "../wire-values.ts";
import { encodeDifferences } from "./diff.ts";
import { failuresOf } from "./failures.ts";
import { shownChanges } from "./shown-changes.ts";

/** Keys that the engine adds to a provider's inputs; they are not configuration. */
const ENGINE_KEYS: ReadonlySet<string> = new Set([
  "version",
  "pluginDownloadURL",
  "parameterization",
  "envVarMappings",
]);

function ownKeys(map: ValueMap): ValueMap {
  const own: Record<string, Value> = {};
  for (const [key, value] of Object.entries(map)) {
    if (!ENGINE_KEYS.has(key) && !key.startsWith("__")) setKey(own, key, value);
  }
  return own;
}

function readConfig<Client>(session: Session<Client>, given: ValueMap) {
  return checkObject(session.provider.config, ownKeys(given), { environment: session.environment, jsonText: true });
}

function isMissing({ problem, path }: Failure): boolean {
  return path.length === 1 && (problem === "missing" || problem === "missing-credential");
}

/**
 * Validates configuration. Missing keys pass here: Configure answers them in the form that makes the CLI print how
 * to set them.
 */
export function checkConfig<Client>(
  session: Session<Client>,
  request: providerPb.CheckRequest,
  scope: RedactionScope,
): providerPb.CheckResponse {
  const news = decodeMap(request.getNews());
  session.conceal(scope, session.provider.config, [news]);
  const checked = readConfig(session, news);
  const failures = checked.failures.filter((failure) => !isMissing(failure));
  for (const warning of checked.warnings) {
    session.log(request.getUrn()).warn(`${formatPath(warning.path)} is ${warning.reason}`);
  }
  const response = new providerPb.CheckResponse();
  // The engine keeps the form in which it sent each value (text, for all but strings); only what is new is ours.
  const inputs: Record<string, Value> = { ...checked.value, ...asGiven(session, news, checked.value) };
  response.setInputs(encodeMap(inputs));
  response.setFailuresList(failuresOf(session.provider.config, [news, checked.value], failures));
  return response;
}

/** The values in the form in which they came, under their present names, and secret where they hold a secret. */
function asGiven<Client>(session: Session<Client>, given: ValueMap, checked: ValueMap): ValueMap {
  const inputs: Record<string, Value> = {};
  for (const [key, value] of Object.entries(given)) {
    const name = session.provider.config.aliases.get(key) ?? key;
    const marked = hasSecret(getKey(checked, name) ?? null) && !hasSecret(value);
    setKey(inputs, name, marked ? new Secret(value) : value);
  }
  return inputs;
}

/** Compares two configurations: only a key that is marked `replaces` replaces every resource of the provider. */
export function diffConfig<Client>(
  session: Session<Client>,
  request: providerPb.DiffRequest,
  scope: RedactionScope,
): providerPb.DiffResponse {
  const olds = decodeMap(request.hasOldInputs() ? request.getOldInputs() : request.getOlds());
  const news = decodeMap(request.getNews());
  session.conceal(scope, session.provider.config, [olds, news]);
  const before = readConfig(session, olds);
  const after = readConfig(session, news);
  const changes = differences(session.provider.config, before.value, after.value);
  return encodeDifferences(shownChanges(changes, before.value, after.value), {
    ignoreChanges: request.getIgnorechangesList(),
  });
}

/** Makes the client that all handlers get. */
export async function configure<Client>(
  session: Session<Client>,
  request: providerPb.ConfigureRequest,
  call: RunningCall,
): Promise<providerPb.ConfigureResponse> {
  const { provider } = session;
  const given = request.hasArgs() ? decodeMap(request.getArgs()) : variablesOf(provider.info.name, request);
  session.conceal(session.redactor.scope(), provider.config, [given]);
  const checked = readConfig(session, given);
  const missing = checked.failures.filter(isMissing);
  if (missing.length > 0) {
    throw missingKeysStatus(
      missing.map(({ path }) => ({
        name: `${provider.info.name}:${formatPath(path)}`,
        description: provider.config.properties.get(String(path[0]))?.meta.description ?? "",
      })),
    );
  }
  const [failure] = checked.failures;
  if (failure !== undefined) {
    throw new ProviderError({
      code: "invalid-input",
      message: failure.reason,
      path: [`${provider.info.name}:${String(failure.path[0])}`, ...failure.path.slice(1)],
    });
  }
  if (hasUnknown(checked.value)) {
    throw new ProviderError({
      code: "failed-precondition",
      message: "the configuration of the provider is not known yet",
    });
  }
  session.setClient(await provider.configure(plainMapOf(checked.value), { log: session.log(""), signal: call.signal }));
  const response = new providerPb.ConfigureResponse();
  response.setAcceptsecrets(true);
  response.setAcceptresources(true);
  response.setAcceptoutputs(true);
  response.setSupportspreview(true);
  response.setSupportsAutonamingConfiguration(true);
  return response;
}

/** Configuration in the form that old engines send: `<package>:config:<key>` to text. */
function variablesOf(packageName: string, request: providerPb.ConfigureRequest): ValueMap {
  const variables: Record<string, Value> = {};
  const prefix = `${packageName}:config:`;
  request.getVariablesMap().forEach((text, key) => {
    if (key.startsWith(prefix)) setKey(variables, key.slice(prefix.length), text);
  });
  return variables;
}

/** Says hello: what this provider understands, and from whom it was started. */
export function handshake<Client>(
  session: Session<Client>,
  request: providerPb.ProviderHandshakeRequest,
): providerPb.ProviderHandshakeResponse {
  session.connect(request.getEngineAddress());
  const response = new providerPb.ProviderHandshakeResponse();
  response.setAcceptSecrets(true);
  response.setAcceptResources(true);
  response.setAcceptOutputs(true);
  response.setSupportsAutonamingConfiguration(true);
  return response;
}
