import type * as pulumi from "@pulumi/pulumi";
import { ProviderError } from "../../define/errors.ts";
import { tokenOf } from "../../define/provider.ts";
import { getKey } from "../../define/value.ts";
import {
  loadRuntime,
  promiseOf,
  type Runtime,
  readInputs,
  withDeployment,
  writeOutputs,
} from "../component-runtime.ts";
import { providerPb } from "../proto.ts";
import type { RedactionScope } from "../redact.ts";
import { type Session, unknownToken } from "../session.ts";
import { decodeMap } from "../wire-values.ts";

/** Builds a component: runs its body against the engine that asks. */
export async function construct<Client>(
  session: Session<Client>,
  request: providerPb.ConstructRequest,
  scope: RedactionScope,
): Promise<providerPb.ConstructResponse> {
  const type = request.getType();
  const component = session.provider.components.get(type);
  if (component === undefined) throw unknownToken("component type", type, session.provider.components.keys());
  session.conceal(scope, component.descriptor.inputs, [decodeMap(request.getInputs())]);
  const runtime = await loadRuntime();
  return withDeployment(runtime, request, engineOf(session), async () => {
    const inputs = await readInputs(
      runtime,
      component.descriptor.inputs,
      request.getInputs(),
      request.getInputdependenciesMap(),
      session.environment,
    );
    const built = await component.construct({
      pulumi: runtime.pulumi,
      type,
      name: request.getName(),
      inputs,
      options: optionsOf(runtime, request),
      log: session.log(""),
    });
    // The base class hides this from users of a component; who builds one is expected to call it.
    built.component["registerOutputs"](built.outputs);
    const response = new providerPb.ConstructResponse();
    response.setUrn(await promiseOf(built.component.urn));
    response.setState(
      await writeOutputs(runtime, `construct(${type}, ${request.getName()})`, built.outputs, (name, urns) => {
        const dependencies = new providerPb.ConstructResponse.PropertyDependencies();
        dependencies.setUrnsList(urns);
        response.getStatedependenciesMap().set(name, dependencies);
      }),
    );
    return response;
  });
}

/** Calls a method of a component. */
export async function callMethod<Client>(
  session: Session<Client>,
  request: providerPb.CallRequest,
  scope: RedactionScope,
): Promise<providerPb.CallResponse> {
  const token = request.getTok();
  const slash = token.lastIndexOf("/");
  const component = session.provider.components.get(token.slice(0, slash));
  const method = component?.descriptor.methods.find(({ name }) => name === token.slice(slash + 1));
  const body = component?.methods.get(method?.name ?? "");
  if (component === undefined || method === undefined || body === undefined)
    throw unknownToken("method", token, methodTokens(session));
  session.conceal(scope, method.inputs, [decodeMap(request.getArgs())]);
  const runtime = await loadRuntime();
  return withDeployment(runtime, request, engineOf(session), async () => {
    const { self, rest } = splitSelf(request);
    const inputs = await readInputs(runtime, method.inputs, rest, request.getArgdependenciesMap(), session.environment);
    const outputs = await body.call({
      pulumi: runtime.pulumi,
      self: new runtime.pulumi.DependencyResource(self),
      inputs,
      log: session.log(""),
    });
    const response = new providerPb.CallResponse();
    response.setReturn(
      await writeOutputs(runtime, `call(${token})`, outputs, (name, urns) => {
        const dependencies = new providerPb.CallResponse.ReturnDependencies();
        dependencies.setUrnsList(urns);
        response.getReturndependenciesMap().set(name, dependencies);
      }),
    );
    return response;
  });
}

function* methodTokens<Client>(session: Session<Client>): Generator<string> {
  for (const { descriptor } of session.provider.components.values()) {
    for (const { name } of descriptor.methods) yield `${tokenOf(session.provider.info, descriptor.name)}/${name}`;
  }
}

/** The component on which a method is called, apart from the method's own arguments. */
function splitSelf(request: providerPb.CallRequest) {
  const rest = request.getArgs()?.clone();
  const self = rest?.getFieldsMap().get("__self__");
  const decoded = self === undefined ? undefined : getKey(decodeMap(request.getArgs()), "__self__");
  rest?.getFieldsMap().del("__self__");
  const urn =
    typeof decoded === "object" && decoded !== null && "urn" in decoded && typeof decoded.urn === "string"
      ? decoded.urn
      : undefined;
  if (urn === undefined)
    throw new ProviderError({
      code: "invalid-input",
      message: "the call does not say on which component (`__self__` is missing)",
    });
  return { self: urn, rest };
}

function engineOf<Client>(session: Session<Client>): string {
  if (session.engineAddress !== undefined) return session.engineAddress;
  throw new ProviderError({
    code: "failed-precondition",
    message: "a component can only be built for an engine, and none has said where it listens",
  });
}

function optionsOf(runtime: Runtime, request: providerPb.ConstructRequest): pulumi.ComponentResourceOptions {
  const providers: Record<string, pulumi.ProviderResource> = {};
  request.getProvidersMap().forEach((reference, name) => {
    providers[name] = new runtime.pulumi.DependencyProviderResource(reference);
  });
  const timeouts = request.getCustomtimeouts();
  const options: pulumi.ComponentResourceOptions = {
    aliases: request.getAliasesList().map((alias) => aliasOf(runtime, alias)),
    dependsOn: request.getDependenciesList().map((urn) => new runtime.pulumi.DependencyResource(urn)),
    providers,
    ignoreChanges: request.getIgnorechangesList(),
    replaceOnChanges: request.getReplaceonchangesList(),
  };
  const protect = request.getProtect();
  const retainOnDelete = request.getRetainondelete();
  if (protect !== undefined) options.protect = protect;
  if (retainOnDelete !== undefined) options.retainOnDelete = retainOnDelete;
  if (request.getParent() !== "") options.parent = new runtime.pulumi.DependencyResource(request.getParent());
  if (request.getDeletedwith() !== "")
    options.deletedWith = new runtime.pulumi.DependencyResource(request.getDeletedwith());
  if (timeouts !== undefined)
    options.customTimeouts = {
      create: timeouts.getCreate(),
      update: timeouts.getUpdate(),
      delete: timeouts.getDelete(),
    };
  return options;
}

type AliasMessage = ReturnType<providerPb.ConstructRequest["getAliasesList"]>[number];

function aliasOf(runtime: Runtime, message: AliasMessage): pulumi.Alias | string {
  if (message.hasUrn()) return message.getUrn();
  const spec = message.getSpec();
  const alias: pulumi.Alias = {};
  if (spec === undefined) return alias;
  if (spec.getName() !== "") alias.name = spec.getName();
  if (spec.getType() !== "") alias.type = spec.getType();
  if (spec.getProject() !== "") alias.project = spec.getProject();
  if (spec.getStack() !== "") alias.stack = spec.getStack();
  if (spec.hasParenturn()) alias.parent = spec.getParenturn();
  else if (spec.hasNoparent() && spec.getNoparent()) alias.parent = runtime.pulumi.rootStackResource;
  return alias;
}
