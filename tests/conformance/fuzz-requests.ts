import * as fc from "fast-check";
import { Empty, providerPb, ResourceProviderService as service } from "../../provider/kit/pulumi/proto.ts";
import { structOf } from "./messages.ts";
import type { SubjectResource } from "./subject.ts";
import { type Json, type JsonMap, OUTPUT, REFERENCE, SECRET, SIGNATURE, UNKNOWNS } from "./wire.ts";

/** One request as bytes, to one method. */
export interface FuzzedRequest {
  readonly path: string;
  readonly bytes: Uint8Array;
}

/** Anything that a struct can hold, and the special forms right and wrong. */
const json: fc.Arbitrary<Json> = fc.letrec<{ json: Json; special: Json }>((tie) => ({
  special: fc.oneof(
    fc.constantFrom<Json>(...Object.values(UNKNOWNS)),
    fc
      .record({ signature: fc.constantFrom(SECRET, OUTPUT, REFERENCE, "", "f".repeat(32)), value: tie("json") })
      .map(({ signature, value }) => ({ [SIGNATURE]: signature, value })),
    tie("json").map((signature) => ({ [SIGNATURE]: signature })),
  ),
  json: fc.oneof(
    { maxDepth: 4, withCrossShrink: true },
    fc.oneof<fc.Arbitrary<Json>[]>(
      fc.string(),
      fc.integer(),
      fc.double({ noNaN: true, noDefaultInfinity: true }),
      fc.boolean(),
      fc.constant(null),
    ),
    tie("special"),
    fc.array(tie("json"), { maxLength: 4 }),
    fc.dictionary(fc.string(), tie("json"), { maxKeys: 4, noNullPrototype: true }),
  ),
})).json;

/** Inputs of a resource with a few properties that are anything. */
function disturbed(resource: SubjectResource): fc.Arbitrary<JsonMap> {
  const names = [...Object.keys(resource.schema.inputProperties ?? {}), "noSuchProperty"];
  const disturbance = fc.dictionary(fc.constantFrom(...names), json, { maxKeys: 3, noNullPrototype: true });
  return fc.tuple(resource.generator.inputs, disturbance).map(([inputs, other]) => ({ ...inputs, ...other }));
}

/** Requests about one resource: most would be valid, but for the disturbed properties. */
function requestsOf(resource: SubjectResource): fc.Arbitrary<FuzzedRequest> {
  const urn = fc.oneof(
    { weight: 9, arbitrary: fc.constant(`urn:pulumi:fuzz::fuzz::${resource.token}::fuzzed`) },
    { weight: 1, arbitrary: fc.string() },
  );
  const id = fc.oneof(fc.constant("nothing-000000000000"), fc.string());
  const map = disturbed(resource).map(structOf);
  const timeout = fc.oneof(fc.constant(0), fc.double({ min: -1, max: 5 }));
  const request = (path: string, message: { serializeBinary(): Uint8Array }) => ({
    path,
    bytes: message.serializeBinary(),
  });
  return fc.oneof(
    fc
      .tuple(urn, map, map)
      .map(([u, olds, news]) =>
        request(service.check.path, new providerPb.CheckRequest().setUrn(u).setOlds(olds).setNews(news)),
      ),
    fc
      .tuple(urn, id, map, map)
      .map(([u, i, olds, news]) =>
        request(
          service.diff.path,
          new providerPb.DiffRequest().setUrn(u).setId(i).setOlds(olds).setOldInputs(olds).setNews(news),
        ),
      ),
    fc
      .tuple(urn, map, fc.boolean(), timeout)
      .map(([u, properties, preview, t]) =>
        request(
          service.create.path,
          new providerPb.CreateRequest().setUrn(u).setProperties(properties).setPreview(preview).setTimeout(t),
        ),
      ),
    fc
      .tuple(urn, id, map)
      .map(([u, i, state]) =>
        request(
          service.read.path,
          new providerPb.ReadRequest().setUrn(u).setId(i).setProperties(state).setInputs(state),
        ),
      ),
    fc
      .tuple(urn, id, map, map, fc.boolean())
      .map(([u, i, olds, news, preview]) =>
        request(
          service.update.path,
          new providerPb.UpdateRequest().setUrn(u).setId(i).setOlds(olds).setNews(news).setPreview(preview),
        ),
      ),
    fc
      .tuple(urn, id, map)
      .map(([u, i, state]) =>
        request(
          service.delete.path,
          new providerPb.DeleteRequest().setUrn(u).setId(i).setProperties(state).setOldInputs(state),
        ),
      ),
  );
}

/** Requests about the provider as a whole. */
function otherRequests(functions: readonly string[]): fc.Arbitrary<FuzzedRequest> {
  const token = fc.oneof(fc.constantFrom(...functions), fc.string());
  const map = fc.dictionary(fc.string(), json, { maxKeys: 4, noNullPrototype: true }).map(structOf);
  return fc.oneof(
    fc.tuple(token, map).map(([tok, args]) => ({
      path: service.invoke.path,
      bytes: new providerPb.InvokeRequest().setTok(tok).setArgs(args).serializeBinary(),
    })),
    map.map((news) => ({
      path: service.checkConfig.path,
      bytes: new providerPb.CheckRequest().setNews(news).serializeBinary(),
    })),
    fc.tuple(map, map).map(([olds, news]) => ({
      path: service.diffConfig.path,
      bytes: new providerPb.DiffRequest().setOlds(olds).setNews(news).serializeBinary(),
    })),
    fc.string().map((key) => ({
      path: service.getMapping.path,
      bytes: new providerPb.GetMappingRequest().setKey(key).serializeBinary(),
    })),
    fc.constantFrom(service.getPluginInfo.path, service.cancel.path).map((path) => ({
      path,
      bytes: new Empty().serializeBinary(),
    })),
  );
}

/** A request whose bytes were damaged on the way: cut, changed, doubled or replaced. */
function damaged(whole: fc.Arbitrary<FuzzedRequest>): fc.Arbitrary<FuzzedRequest> {
  const damage = fc.constantFrom("cut", "change", "double", "replace");
  return fc
    .tuple(whole, damage, fc.nat(), fc.nat({ max: 255 }), fc.uint8Array({ maxLength: 64 }))
    .map(([{ path, bytes }, how, place, byte, other]) => {
      const at = bytes.length === 0 ? 0 : place % bytes.length;
      const copy = Uint8Array.from(bytes);
      if (how === "change") copy[at] = byte;
      if (how === "cut") return { path, bytes: copy.slice(0, at) };
      if (how === "double") return { path, bytes: Uint8Array.from([...copy, ...copy.slice(at)]) };
      return { path, bytes: how === "replace" ? other : copy };
    });
}

/**
 * Random and damaged requests. Handshake, Configure and Attach are left out: they say what the process is for and
 * where it writes, so that random ones would leave no provider to talk to.
 */
export function fuzzedRequests(
  resources: readonly SubjectResource[],
  functions: readonly string[],
): fc.Arbitrary<FuzzedRequest> {
  const whole = fc.oneof(
    { weight: 2 * resources.length, arbitrary: fc.oneof(...resources.map(requestsOf)) },
    { weight: 3, arbitrary: otherRequests(functions) },
  );
  return fc.oneof({ weight: 3, arbitrary: whole }, { weight: 2, arbitrary: damaged(whole) });
}
