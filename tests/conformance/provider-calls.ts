import { Empty, providerPb, ResourceProviderService as service } from "../../provider/kit/pulumi/proto.ts";
import { type Answer, mapOf } from "./answer.ts";
import { type Checked, type CheckFailure, type Diffed, map, readChecked, readDiffed, structOf } from "./messages.ts";
import type { Plugin } from "./plugin.ts";
import type { JsonMap } from "./wire.ts";

export async function handshake(plugin: Plugin): Promise<Answer<providerPb.ProviderHandshakeResponse>> {
  const request = new providerPb.ProviderHandshakeRequest()
    .setEngineAddress(plugin.engineAddress)
    .setConfigureWithUrn(true)
    .setSupportsViews(true)
    .setSupportsRefreshBeforeUpdate(true)
    .setInvokeWithPreview(true);
  return plugin.call(service.handshake, request);
}

export async function getSchema(plugin: Plugin): Promise<Answer<string>> {
  return map(await plugin.call(service.getSchema, new providerPb.GetSchemaRequest()), (response) =>
    response.getSchema(),
  );
}

export async function getPluginInfo(plugin: Plugin): Promise<Answer<string>> {
  return map(await plugin.call(service.getPluginInfo, new Empty()), (response) => response.getVersion());
}

export async function cancel(plugin: Plugin): Promise<Answer<unknown>> {
  return plugin.call(service.cancel, new Empty());
}

export async function configure(plugin: Plugin, packageName: string, config: JsonMap): Promise<Answer<unknown>> {
  const urn = `urn:pulumi:conformance::conformance::pulumi:providers:${packageName}::default`;
  const request = new providerPb.ConfigureRequest()
    .setArgs(structOf(config))
    .setAcceptsecrets(true)
    .setAcceptresources(true)
    .setSendsOldInputs(true)
    .setSendsOldInputsToDelete(true)
    .setUrn(urn)
    .setName("default")
    .setType(`pulumi:providers:${packageName}`)
    .setId("00000000-0000-4000-8000-000000000000");
  return plugin.call(service.configure, request);
}

export async function checkConfig(plugin: Plugin, packageName: string, news: JsonMap): Promise<Answer<Checked>> {
  const type = `pulumi:providers:${packageName}`;
  const request = new providerPb.CheckRequest()
    .setUrn(`urn:pulumi:conformance::conformance::${type}::default`)
    .setName("default")
    .setType(type)
    .setOlds(structOf({}))
    .setNews(structOf(news));
  return map(await plugin.call(service.checkConfig, request), readChecked);
}

export async function diffConfig(
  plugin: Plugin,
  packageName: string,
  olds: JsonMap,
  news: JsonMap,
): Promise<Answer<Diffed>> {
  const type = `pulumi:providers:${packageName}`;
  const request = new providerPb.DiffRequest()
    .setUrn(`urn:pulumi:conformance::conformance::${type}::default`)
    .setName("default")
    .setType(type)
    .setOlds(structOf(olds))
    .setOldInputs(structOf(olds))
    .setNews(structOf(news));
  return map(await plugin.call(service.diffConfig, request), readDiffed);
}

export async function invoke(
  plugin: Plugin,
  token: string,
  args: JsonMap,
  preview = false,
): Promise<Answer<{ result: JsonMap; failures: readonly CheckFailure[] }>> {
  const request = new providerPb.InvokeRequest().setTok(token).setArgs(structOf(args)).setPreview(preview);
  return map(await plugin.call(service.invoke, request), (response) => ({
    result: mapOf(response.getReturn()),
    failures: response
      .getFailuresList()
      .map((failure) => ({ property: failure.getProperty(), reason: failure.getReason() })),
  }));
}
