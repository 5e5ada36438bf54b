/**
 * A small provider, written straight onto the protocol, that keeps every law of the suite; with `--break <letter>` it
 * breaks just that one. It shares nothing with the kit but the generated messages.
 */
import { createHash, randomBytes } from "node:crypto";
import { isDeepStrictEqual } from "node:util";
import * as grpc from "@grpc/grpc-js";
import {
  Empty,
  EngineClient,
  enginePb,
  type IResourceProviderServer,
  pluginPb,
  providerPb,
  ResourceProviderService,
  Struct,
} from "../../../provider/kit/pulumi/proto.ts";
import { mapOf } from "../answer.ts";
import {
  holdsSecret,
  isUnknown,
  type Json,
  type JsonMap,
  open,
  readableTexts,
  reveal,
  secret,
  UNKNOWNS,
} from "../wire.ts";
import { NOTE, SCHEMA, SHOUT } from "./schema.ts";
import { World } from "./world.ts";

const broken = process.argv.includes("--break") ? process.argv[process.argv.indexOf("--break") + 1] : undefined;
const engine = new EngineClient(
  process.argv.find((argument) => /^[\d.]+:\d+$/.test(argument)) ?? "127.0.0.1:1",
  grpc.credentials.createInsecure(),
);
const world = new World(process.env["BROKEN_WORLD"] ?? ".");
const properties = SCHEMA.resources[NOTE].inputProperties;
let cancelled = new AbortController();

class StatusError extends Error {
  readonly code: grpc.status;
  constructor(code: grpc.status, message: string) {
    super(message);
    this.code = code;
  }
}

function structOf(map: JsonMap): Struct {
  return Struct.fromJavaScript(map as Parameters<typeof Struct.fromJavaScript>[0]);
}

async function noteOf(urn: string): Promise<void> {
  if (/^urn:pulumi:[^:]+::[^:]+::broken:index:Note::.+$/.test(urn)) return;
  if (broken === "a") await never();
  throw new StatusError(grpc.status.INVALID_ARGUMENT, "this URN is not of a Note");
}

function checkInputs(
  news: JsonMap,
  seed: Uint8Array,
): { inputs: JsonMap; failures: { property: string; reason: string }[] } {
  const inputs: Record<string, Json> = {};
  const failures: { property: string; reason: string }[] = [];
  const fail = (name: string, reason: string) => {
    const hidden = name in properties && (holdsSecret(news[name] ?? null) || name === "secret");
    failures.push(
      hidden || holdsSecret(news[name] ?? null)
        ? { property: "", reason: `${name}: ${reason}` }
        : { property: name, reason },
    );
  };
  for (const [name, value] of Object.entries(news)) {
    if (!Object.hasOwn(properties, name)) fail(name, "unknown property");
    else if (!fits(name, value)) fail(name, "wrong type");
    inputs[name] = name === "secret" && !open(value).secret ? secret(value) : value;
  }
  if (!Object.hasOwn(news, "text")) fail("text", "missing");
  inputs["name"] ??=
    `note-${(broken === "b" ? randomBytes(8) : createHash("sha256").update(seed).digest()).toString("hex").slice(0, 8)}`;
  return { inputs, failures };
}

function fits(name: string, value: Json): boolean {
  if (isUnknown(value)) return true;
  const { value: inner } = open(value);
  if (name === "tags")
    return Array.isArray(inner) && inner.every((item: Json) => isUnknown(item) || typeof open(item).value === "string");
  return typeof inner === "string";
}

function outputsOf(inputs: JsonMap, preview: boolean): JsonMap {
  const text = inputs["text"] ?? "";
  const known = open(text).value;
  const invented = broken === "c" && preview ? { length: 7 } : {};
  const length = isUnknown(text) ? UNKNOWNS.number : String(known).length;
  return { ...inputs, length, ...invented, ...(broken === "l" && !preview ? { surprise: true } : {}) };
}

function diffOf(olds: JsonMap, news: JsonMap, ignored: readonly string[]): providerPb.DiffResponse {
  const response = new providerPb.DiffResponse();
  for (const name of Object.keys(properties)) {
    const before = olds[name];
    const after = news[name];
    if (ignored.includes(name)) continue;
    if (
      before === undefined
        ? after === undefined
        : after !== undefined && !isUnknown(after) && isDeepStrictEqual(reveal(before), reveal(after))
    )
      continue;
    const replaces = name === "color";
    response.addDiffs(name);
    if (replaces) response.addReplaces(name);
    const { Kind } = providerPb.PropertyDiff;
    const [plain, replacing] =
      before === undefined
        ? [Kind.ADD, Kind.ADD_REPLACE]
        : after === undefined
          ? [Kind.DELETE, Kind.DELETE_REPLACE]
          : [Kind.UPDATE, Kind.UPDATE_REPLACE];
    if (broken === "e" && name === "text") continue;
    response
      .getDetaileddiffMap()
      .set(name, new providerPb.PropertyDiff().setKind(replaces ? replacing : plain).setInputdiff(true));
  }
  const { DIFF_SOME, DIFF_NONE } = providerPb.DiffResponse.DiffChanges;
  return response
    .setChanges(response.getDiffsList().length > 0 ? DIFF_SOME : DIFF_NONE)
    .setHasdetaileddiff(response.getDetaileddiffMap().getLength() > 0);
}

/** Waits if the inputs say so, until somebody asks to stop or the time is up. */
async function linger(inputs: JsonMap, operation: string, timeoutS: number): Promise<void> {
  if (reveal(inputs["linger"] ?? "") !== operation) return;
  const signals = [
    ...(broken === "i" ? [] : [cancelled.signal]),
    ...(broken === "j" || timeoutS === 0 ? [] : [AbortSignal.timeout(timeoutS * 1000)]),
  ];
  const stop = AbortSignal.any(signals);
  if (!stop.aborted) await new Promise((resolve) => stop.addEventListener("abort", resolve));
  throw new StatusError(grpc.status.ABORTED, `${operation} was stopped`);
}

async function crash(inputs: JsonMap, operation: string, key: string): Promise<void> {
  if (reveal(inputs["crash"] ?? "") !== operation || !(await world.firstTime(`${operation} ${key}`))) return;
  process.kill(process.pid, "SIGKILL");
  await never();
}

function say(message: string): Promise<void> {
  return new Promise((resolve) =>
    engine.log(new enginePb.LogRequest().setMessage(message).setSeverity(enginePb.LogSeverity.INFO), () => resolve()),
  );
}

function never(): Promise<never> {
  return Promise.withResolvers<never>().promise;
}

type Unary<Request, Response> = (call: { readonly request: Request }, callback: grpc.sendUnaryData<Response>) => void;

/** A handler that answers with what it returns or throws. */
function unary<Request, Response>(handler: (request: Request) => Promise<Response>): Unary<Request, Response> {
  return ({ request }, callback) => {
    handler(request).then(
      (response) => callback(null, response),
      (error: unknown) =>
        callback(
          error instanceof StatusError
            ? { code: error.code, details: error.message }
            : { code: grpc.status.INTERNAL, details: "a fault of the provider" },
        ),
    );
  };
}

const service: Partial<IResourceProviderServer> = {
  handshake: unary(async () =>
    new providerPb.ProviderHandshakeResponse().setAcceptSecrets(true).setAcceptResources(true),
  ),
  getSchema: unary(async () => new providerPb.GetSchemaResponse().setSchema(JSON.stringify(SCHEMA))),
  getPluginInfo: unary(async () => new pluginPb.PluginInfo().setVersion("0.1.0")),
  checkConfig: unary(async (request: providerPb.CheckRequest) =>
    new providerPb.CheckResponse().setInputs(request.getNews()),
  ),
  diffConfig: unary(async () =>
    new providerPb.DiffResponse().setChanges(providerPb.DiffResponse.DiffChanges.DIFF_NONE),
  ),
  configure: unary(async () => new providerPb.ConfigureResponse().setAcceptsecrets(true).setSupportspreview(true)),
  cancel: unary(async () => {
    cancelled.abort();
    cancelled = new AbortController();
    return new Empty();
  }),
  check: unary(async (request: providerPb.CheckRequest) => {
    await noteOf(request.getUrn());
    const { inputs, failures } = checkInputs(mapOf(request.getNews()), request.getRandomseed_asU8());
    const response = new providerPb.CheckResponse().setInputs(structOf(inputs));
    for (const { property, reason } of failures)
      response.addFailures(new providerPb.CheckFailure().setProperty(property).setReason(reason));
    return response;
  }),
  diff: unary(async (request: providerPb.DiffRequest) => {
    await noteOf(request.getUrn());
    return diffOf(mapOf(request.getOldInputs()), mapOf(request.getNews()), request.getIgnorechangesList());
  }),
  create: unary(async (request: providerPb.CreateRequest) => {
    await noteOf(request.getUrn());
    const inputs = mapOf(request.getProperties());
    const response = new providerPb.CreateResponse().setProperties(structOf(outputsOf(inputs, request.getPreview())));
    if (broken === "f" && request.getPreview()) await world.record("create");
    if (request.getPreview()) return response;
    if (broken === "d") await say(`made with ${readableTexts(reveal(inputs)).join(", ")}`);
    await linger(inputs, "create", request.getTimeout());
    const id = await world.create(request.getUrn(), inputs, broken !== "k");
    await crash(inputs, "create", request.getUrn());
    await world.reported(request.getUrn());
    return response.setId(id);
  }),
  read: unary(async (request: providerPb.ReadRequest) => {
    await noteOf(request.getUrn());
    const inputs = await world.read(request.getId());
    if (broken === "h" && inputs === undefined)
      return new providerPb.ReadResponse()
        .setId(request.getId())
        .setProperties(request.getProperties())
        .setInputs(request.getInputs());
    if (inputs === undefined) return new providerPb.ReadResponse();
    await linger(inputs, "read", 0);
    const { text: _, ...withoutText } = inputs;
    return new providerPb.ReadResponse()
      .setId(request.getId())
      .setProperties(structOf(outputsOf(inputs, false)))
      .setInputs(structOf(broken === "g" ? withoutText : inputs));
  }),
  update: unary(async (request: providerPb.UpdateRequest) => {
    await noteOf(request.getUrn());
    const inputs = mapOf(request.getNews());
    const response = new providerPb.UpdateResponse().setProperties(structOf(outputsOf(inputs, request.getPreview())));
    if (request.getPreview()) return response;
    await linger(inputs, "update", request.getTimeout());
    await world.update(request.getId(), request.getUrn(), inputs);
    await crash(inputs, "update", request.getId());
    return response;
  }),
  delete: unary(async (request: providerPb.DeleteRequest) => {
    await noteOf(request.getUrn());
    await linger(mapOf(request.getOldInputs()), "delete", request.getTimeout());
    await world.delete(request.getId());
    await crash(mapOf(request.getOldInputs()), "delete", request.getId());
    return new Empty();
  }),
  invoke: unary(async (request: providerPb.InvokeRequest) => {
    if (request.getTok() !== SHOUT) throw new StatusError(grpc.status.NOT_FOUND, "there is no such function");
    const text = mapOf(request.getArgs())["text"] ?? "";
    const loud = String(reveal(text)).toUpperCase();
    return new providerPb.InvokeResponse().setReturn(structOf({ loud: holdsSecret(text) ? secret(loud) : loud }));
  }),
};

const server = new grpc.Server();
server.addService(ResourceProviderService, service as grpc.UntypedServiceImplementation);
server.bindAsync("127.0.0.1:0", grpc.ServerCredentials.createInsecure(), (error, port) => {
  if (error !== null) throw error;
  process.stdout.write(`${port}\n`);
});
process.on("SIGINT", () => process.exit(0));
