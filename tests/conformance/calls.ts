import { createHash } from "node:crypto";
import { providerPb, ResourceProviderService as service } from "../../provider/kit/pulumi/proto.ts";
import { type Answer, mapOf } from "./answer.ts";
import { type Checked, type Diffed, map, readChecked, readDiffed, structOf } from "./messages.ts";
import type { Plugin } from "./plugin.ts";
import type { JsonMap } from "./wire.ts";

export type { Checked, CheckFailure, Diffed, PropertyDiff } from "./messages.ts";
export * from "./provider-calls.ts";

export interface Found {
  readonly id: string;
  readonly properties: JsonMap;
  readonly inputs: JsonMap | undefined;
}

/** Which resource a call is about. */
export interface Target {
  readonly urn: string;
  readonly name: string;
  readonly type: string;
}

export interface CheckArguments {
  readonly olds?: JsonMap;
  readonly news: JsonMap;
  readonly seed?: Uint8Array;
}

export async function check(
  plugin: Plugin,
  target: Target,
  { olds = {}, news, seed }: CheckArguments,
): Promise<Answer<Checked>> {
  const request = new providerPb.CheckRequest()
    .setUrn(target.urn)
    .setName(target.name)
    .setType(target.type)
    .setOlds(structOf(olds))
    .setNews(structOf(news))
    // The engine derives the seed from the URN, so that equal requests get equal names.
    .setRandomseed(seed ?? createHash("sha256").update(target.urn).digest());
  return map(await plugin.call(service.check, request), readChecked);
}

export interface DiffArguments {
  readonly id: string;
  readonly olds: JsonMap;
  readonly oldInputs: JsonMap;
  readonly news: JsonMap;
  readonly ignoreChanges?: readonly string[];
}

export async function diff(
  plugin: Plugin,
  target: Target,
  { id, olds, oldInputs, news, ignoreChanges = [] }: DiffArguments,
): Promise<Answer<Diffed>> {
  const request = new providerPb.DiffRequest()
    .setId(id)
    .setUrn(target.urn)
    .setName(target.name)
    .setType(target.type)
    .setOlds(structOf(olds))
    .setOldInputs(structOf(oldInputs))
    .setNews(structOf(news))
    .setIgnorechangesList([...ignoreChanges]);
  return map(await plugin.call(service.diff, request), readDiffed);
}

export interface CreateArguments {
  readonly inputs: JsonMap;
  readonly preview?: boolean;
  /** Seconds; 0 for the provider's own choice. */
  readonly timeoutS?: number;
}

export async function create(
  plugin: Plugin,
  target: Target,
  { inputs, preview = false, timeoutS = 0 }: CreateArguments,
): Promise<Answer<{ id: string; properties: JsonMap }>> {
  const request = new providerPb.CreateRequest()
    .setUrn(target.urn)
    .setName(target.name)
    .setType(target.type)
    .setProperties(structOf(inputs))
    .setPreview(preview)
    .setTimeout(timeoutS);
  return map(await plugin.call(service.create, request), (response) => ({
    id: response.getId(),
    properties: mapOf(response.getProperties()),
  }));
}

export interface ReadArguments {
  readonly id: string;
  /** What is recorded; absent for an import. */
  readonly state?: { readonly inputs: JsonMap; readonly outputs: JsonMap };
  readonly timeoutS?: number;
}

export async function read(
  plugin: Plugin,
  target: Target,
  { id, state, timeoutS = 0 }: ReadArguments,
): Promise<Answer<Found>> {
  const request = new providerPb.ReadRequest()
    .setId(id)
    .setUrn(target.urn)
    .setName(target.name)
    .setType(target.type)
    .setTimeout(timeoutS);
  if (state !== undefined) request.setProperties(structOf(state.outputs)).setInputs(structOf(state.inputs));
  return map(await plugin.call(service.read, request), (response) => {
    const inputs = response.getInputs();
    return {
      id: response.getId(),
      properties: mapOf(response.getProperties()),
      inputs: inputs === undefined ? undefined : mapOf(inputs),
    };
  });
}

export interface UpdateArguments extends DiffArguments {
  readonly preview?: boolean;
  readonly timeoutS?: number;
}

export async function update(
  plugin: Plugin,
  target: Target,
  { id, olds, oldInputs, news, ignoreChanges = [], preview = false, timeoutS = 0 }: UpdateArguments,
): Promise<Answer<{ properties: JsonMap }>> {
  const request = new providerPb.UpdateRequest()
    .setId(id)
    .setUrn(target.urn)
    .setName(target.name)
    .setType(target.type)
    .setOlds(structOf(olds))
    .setOldInputs(structOf(oldInputs))
    .setNews(structOf(news))
    .setIgnorechangesList([...ignoreChanges])
    .setPreview(preview)
    .setTimeout(timeoutS);
  return map(await plugin.call(service.update, request), (response) => ({
    properties: mapOf(response.getProperties()),
  }));
}

export interface DeleteArguments {
  readonly id: string;
  readonly outputs: JsonMap;
  readonly inputs: JsonMap;
  readonly timeoutS?: number;
}

export async function remove(
  plugin: Plugin,
  target: Target,
  { id, outputs, inputs, timeoutS = 0 }: DeleteArguments,
): Promise<Answer<unknown>> {
  const request = new providerPb.DeleteRequest()
    .setId(id)
    .setUrn(target.urn)
    .setName(target.name)
    .setType(target.type)
    .setProperties(structOf(outputs))
    .setOldInputs(structOf(inputs))
    .setTimeout(timeoutS);
  return plugin.call(service.delete, request);
}
