import type * as pulumi from "@pulumi/pulumi";
import { checkObject } from "../define/check.ts";
import { formatPath } from "../define/path.ts";
import type { ObjectShape } from "../define/shape.ts";
import { getKey, Secret, setKey, type Value, type ValueMap } from "../define/value.ts";
import { Struct } from "./proto.ts";
import { inputPropertiesStatus } from "./status.ts";
import { decodeMap, encodeMap } from "./wire-values.ts";

/** What Construct and Call say of the deployment that they belong to. */
export interface DeploymentRequest {
  getProject(): string;
  getStack(): string;
  getOrganization(): string;
  getParallel(): number;
  getMonitorendpoint(): string;
  getDryrun(): boolean;
  getConfigMap(): { forEach(visit: (value: string, key: string) => void): void };
  getConfigsecretkeysList?(): string[];
}

/** The dependencies of inputs, by name. */
export interface DependencyMap {
  get(name: string): { getUrnsList(): string[] } | undefined;
}

/** What the library's runtime can do that its public types do not tell. */
interface Internals {
  readonly withLocalStorage: <T>(body: () => Promise<T>) => Promise<T>;
  readonly awaitFeatureSupport: () => Promise<void>;
  readonly waitForRPCs: () => Promise<void>;
  readonly deserializeInputs: (
    inputs: Struct,
    dependencies: DependencyMap,
  ) => Promise<Record<string, pulumi.Input<unknown>>>;
}

/** Takes a function out of a module that does not declare it, so that another version of the library fails by name. */
function internal<K extends keyof Internals>(module: object, name: K): Internals[K] {
  const found: unknown = Reflect.get(module, name);
  if (typeof found !== "function") throw new Error(`this version of @pulumi/pulumi has no "${name}"`);
  return found as Internals[K]; // the library is pinned, and the tests build components with it
}

/** The parts of Pulumi's library that components need. Some are internal, so the library's version is pinned. */
async function load() {
  const [library, config, rpc, settings, state, server] = await Promise.all([
    import("@pulumi/pulumi"),
    import("@pulumi/pulumi/runtime/config.js"),
    import("@pulumi/pulumi/runtime/rpc.js"),
    import("@pulumi/pulumi/runtime/settings.js"),
    import("@pulumi/pulumi/runtime/state.js"),
    import("@pulumi/pulumi/provider/server.js"),
  ]);
  return {
    pulumi: library.default,
    setAllConfig: config.default.setAllConfig,
    resetOptions: settings.default.resetOptions,
    serializeResourceProperties: rpc.default.serializeResourceProperties,
    withLocalStorage: internal(state.default, "withLocalStorage"),
    awaitFeatureSupport: internal(settings.default, "awaitFeatureSupport"),
    waitForRPCs: internal(settings.default, "waitForRPCs"),
    deserializeInputs: internal(server.default, "deserializeInputs"),
  };
}

export type Runtime = Awaited<ReturnType<typeof load>>;

/** What an output of the library will be, once it is known. */
export function promiseOf<T>(output: pulumi.Output<T>): Promise<T> {
  const promise: unknown = Reflect.get(output, "promise");
  if (typeof promise !== "function") throw new Error('this version of @pulumi/pulumi has no "promise" of an output');
  return promise.call(output);
}

let loaded: Promise<Runtime> | undefined;

/** Pulumi's runtime. It costs half a second and 60 MB, so it is loaded when the first component is built. */
export function loadRuntime(): Promise<Runtime> {
  loaded ??= load();
  return loaded;
}

/** Runs `body` with Pulumi's runtime set up for one deployment; calls at the same time do not see each other. */
export async function withDeployment<T>(
  runtime: Runtime,
  request: DeploymentRequest,
  engineAddress: string,
  body: () => Promise<T>,
): Promise<T> {
  return runtime.withLocalStorage(async () => {
    runtime.resetOptions(
      request.getProject(),
      request.getStack(),
      request.getParallel(),
      engineAddress,
      request.getMonitorendpoint(),
      request.getDryrun(),
      request.getOrganization(),
    );
    await runtime.awaitFeatureSupport();
    const config: Record<string, string> = {};
    request.getConfigMap().forEach((value, key) => {
      config[key] = value;
    });
    runtime.setAllConfig(config, request.getConfigsecretkeysList?.() ?? []);
    const result = await body();
    await runtime.waitForRPCs();
    return result;
  });
}

/**
 * Checks inputs and hands them out as Pulumi's outputs, with their secrets and dependencies.
 * @throws a gRPC status with `InputPropertiesError` that names each wrong property
 */
export async function readInputs(
  runtime: Runtime,
  shape: ObjectShape,
  struct: Struct | undefined,
  dependencies: DependencyMap,
  environment: Readonly<Record<string, string | undefined>>,
): Promise<Record<string, pulumi.Input<unknown>>> {
  const given = decodeMap(struct);
  const checked = checkObject(shape, given, { environment });
  if (checked.failures.length > 0) {
    throw inputPropertiesStatus(
      checked.failures.map(({ path, reason }) => ({ propertyPath: formatPath(path), reason })),
    );
  }
  const inputs = encodeMap(withDefaults(shape, given, checked.value));
  return runtime.deserializeInputs(inputs, dependencies);
}

/** What was given, with its outputs and their dependencies as they came, and what the check added to it. */
function withDefaults(shape: ObjectShape, given: ValueMap, checked: ValueMap): ValueMap {
  const inputs: Record<string, Value> = {};
  for (const [name, value] of Object.entries(checked)) {
    const came = getKey(given, name);
    if (came === undefined) setKey(inputs, name, value);
    else
      setKey(
        inputs,
        name,
        shape.properties.get(name)?.meta.secret === true && !(came instanceof Secret) ? new Secret(came) : came,
      );
  }
  return inputs;
}

/** Puts Pulumi's outputs on the wire and tells the dependencies of each. */
export async function writeOutputs(
  runtime: Runtime,
  label: string,
  outputs: Record<string, unknown>,
  tell: (name: string, urns: string[]) => void,
): Promise<Struct> {
  const [serialized, dependencies] = await runtime.serializeResourceProperties(label, outputs);
  for (const [name, resources] of dependencies) {
    tell(name, await Promise.all([...resources].map((resource) => promiseOf(resource.urn))));
  }
  return Struct.fromJavaScript(serialized);
}
