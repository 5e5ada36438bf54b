import * as grpc from "@grpc/grpc-js";
import { DEFAULT_FUNCTION_TIMEOUT, DEFAULT_TIMEOUTS } from "../define/default-timeouts.ts";
import { ProviderError } from "../define/errors.ts";
import type { Operation } from "../define/resource.ts";
import { type Duration, durationMs } from "../define/scalars.ts";
import type { RunningCall } from "./calls.ts";
import { Empty, type IResourceProviderServer, pluginPb, providerPb, ResourceProviderService } from "./proto.ts";
import type { RedactionScope } from "./redact.ts";
import { check } from "./rpc/check.ts";
import { checkConfig, configure, diffConfig, handshake } from "./rpc/configuration.ts";
import { callMethod, construct } from "./rpc/construct.ts";
import { create } from "./rpc/create.ts";
import { remove } from "./rpc/delete.ts";
import { diff } from "./rpc/diff.ts";
import { invoke } from "./rpc/invoke.ts";
import { list } from "./rpc/list.ts";
import { read } from "./rpc/read.ts";
import { update } from "./rpc/update.ts";
import { schemaOf } from "./schema.ts";
import type { Session } from "./session.ts";
import { isStatus, toStatus } from "./status.ts";

/** How long a call may take that only looks at what it was given, and Configure. */
const QUICK_MS = 60_000;

/** Far more than any resource needs, and far less than what would exhaust the memory of a plugin. */
const MAX_REQUEST_BYTES = 64 * 1024 * 1024;

/** What the engine takes. An answer is never refused for less: it may hold the id of an object that exists. */
const MAX_ANSWER_BYTES = 400 * 1024 * 1024;

/**
 * What this server refuses on purpose, each with its reason; all other calls of the protocol are answered.
 */
const UNSUPPORTED: Readonly<Record<"parameterize", string>> = {
  parameterize: "this provider takes no parameters: it has one package and one schema",
};

/** What the server knows of a call before it runs. */
interface Route {
  readonly name: string;
  readonly urn: string;
  readonly deadlineMs: number | undefined;
}

/** Makes the gRPC server of a provider. It does not listen yet. */
export function makeServer<Client>(session: Session<Client>): grpc.Server {
  const server = new grpc.Server({
    "grpc.max_receive_message_length": MAX_REQUEST_BYTES,
    "grpc.max_send_message_length": MAX_ANSWER_BYTES,
  });
  server.addService(ResourceProviderService, serviceOf(session));
  return server;
}

type Unary<Request, Response> = (
  call: grpc.ServerUnaryCall<Request, Response>,
  callback: grpc.sendUnaryData<Response>,
) => void;

function serviceOf<Client>(session: Session<Client>): IResourceProviderServer {
  /** Answers a call exactly once with what the handler gives, or with what went wrong. */
  const unary = <Request, Response>(
    route: (request: Request) => Route,
    handle: (request: Request, call: RunningCall, scope: RedactionScope) => Response | Promise<Response>,
  ): Unary<Request, Response> => {
    return (call, callback) => {
      answer(session, route(call.request), call, (running, scope) => handle(call.request, running, scope)).then(
        (response) => callback(null, response),
        (error: unknown) => callback(statusOf(error)),
      );
    };
  };
  const quick = (name: string) => (): Route => ({ name, urn: "", deadlineMs: QUICK_MS });
  // With these an engine introduces itself: what another one cancelled is over.
  const introduction = (name: string) => (): Route => {
    session.calls.reopen();
    return quick(name)();
  };
  // A component lasts as long as the resources that it is made of.
  const unlimited = (name: string) => (): Route => ({ name, urn: "", deadlineMs: undefined });
  const about =
    (name: string, operation?: Operation) =>
    (request: { getUrn(): string; getTimeout?(): number }): Route => ({
      name,
      urn: request.getUrn(),
      deadlineMs:
        operation === undefined
          ? QUICK_MS
          : timeoutOf(session, request.getUrn(), operation, request.getTimeout?.() ?? 0),
    });
  const invokeRoute = (request: providerPb.InvokeRequest): Route => ({
    name: "invoke",
    urn: "",
    deadlineMs: milliseconds(
      session.provider.functions.get(request.getTok())?.descriptor.timeout ?? DEFAULT_FUNCTION_TIMEOUT,
    ),
  });

  return {
    handshake: unary(introduction("handshake"), (request: providerPb.ProviderHandshakeRequest) =>
      handshake(session, request),
    ),
    getSchema: unary(quick("getSchema"), (request: providerPb.GetSchemaRequest) => getSchema(session, request)),
    getPluginInfo: unary(quick("getPluginInfo"), () =>
      new pluginPb.PluginInfo().setVersion(session.provider.info.version),
    ),
    getMapping: unary(quick("getMapping"), () => new providerPb.GetMappingResponse()),
    getMappings: unary(quick("getMappings"), () => new providerPb.GetMappingsResponse()),
    attach: unary(introduction("attach"), (request: pluginPb.PluginAttach) => {
      session.connect(request.getAddress());
      return new Empty();
    }),
    cancel: (_call, callback) => {
      session.calls.cancelAll("the deployment was cancelled");
      callback(null, new Empty());
    },
    parameterize: unary(quick("parameterize"), () => {
      throw new ProviderError({ code: "unsupported", message: UNSUPPORTED.parameterize });
    }),
    checkConfig: unary(about("checkConfig"), (request: providerPb.CheckRequest, _call, scope) =>
      checkConfig(session, request, scope),
    ),
    diffConfig: unary(about("diffConfig"), (request: providerPb.DiffRequest, _call, scope) =>
      diffConfig(session, request, scope),
    ),
    configure: unary(quick("configure"), (request: providerPb.ConfigureRequest, call) =>
      configure(session, request, call),
    ),
    check: unary(about("check"), (request: providerPb.CheckRequest, call, scope) =>
      check(session, request, call, scope),
    ),
    diff: unary(about("diff"), (request: providerPb.DiffRequest, _call, scope) => diff(session, request, scope)),
    create: unary(about("create", "create"), (request: providerPb.CreateRequest, call, scope) =>
      create(session, request, call, scope),
    ),
    read: unary(about("read", "read"), (request: providerPb.ReadRequest, call, scope) =>
      read(session, request, call, scope),
    ),
    update: unary(about("update", "update"), (request: providerPb.UpdateRequest, call, scope) =>
      update(session, request, call, scope),
    ),
    delete: unary(about("delete", "delete"), async (request: providerPb.DeleteRequest, call, scope) => {
      await remove(session, request, call, scope);
      return new Empty();
    }),
    invoke: unary(invokeRoute, (request: providerPb.InvokeRequest, call, scope) =>
      invoke(session, request, call, scope),
    ),
    construct: unary(unlimited("construct"), (request: providerPb.ConstructRequest, _call, scope) =>
      construct(session, request, scope),
    ),
    call: unary(unlimited("call"), (request: providerPb.CallRequest, _call, scope) =>
      callMethod(session, request, scope),
    ),
    list: (stream) => {
      const route: Route = { name: "list", urn: "", deadlineMs: durationMs(DEFAULT_TIMEOUTS.read) };
      answer(session, route, stream, (running) =>
        list(session, stream.request, running, (response) => write(stream, response)),
      ).then(
        () => stream.end(),
        // Not `destroy`: a destroyed stream sends no status, and the caller would wait for ever.
        (error: unknown) => stream.emit("error", statusOf(error)),
      );
    },
  };
}

/** Runs one call: its secrets are masked while it lasts, its error is put into words, its lines are sent first. */
async function answer<Response>(
  session: Session<never> | Session<unknown>,
  route: Route,
  wire: { on(event: "cancelled", listener: () => void): unknown },
  handle: (call: RunningCall, scope: RedactionScope) => Response | Promise<Response>,
): Promise<Response> {
  const scope = session.redactor.scope();
  const what = route.urn === "" ? route.name : `${route.name} of ${route.urn.slice(route.urn.lastIndexOf("::") + 2)}`;
  try {
    return await session.calls.run(
      { what, deadlineMs: route.deadlineMs, onHangUp: (listener) => wire.on("cancelled", listener) },
      async (call) => handle(call, scope),
    );
  } catch (error) {
    if (isStatus(error)) throw error;
    throw toStatus(session.explain(error, route.urn));
  } finally {
    await session.engineLog.flush();
    scope.release();
  }
}

function statusOf(error: unknown): grpc.ServiceError {
  return isStatus(error)
    ? error
    : toStatus({ code: "internal", message: "the answer could not be sent", cause: error });
}

function getSchema<Client>(
  session: Session<Client>,
  request: providerPb.GetSchemaRequest,
): providerPb.GetSchemaResponse {
  if (request.getSubpackageName() !== "")
    throw new ProviderError({ code: "not-found", message: UNSUPPORTED.parameterize });
  return new providerPb.GetSchemaResponse().setSchema(JSON.stringify(schemaOf(session.provider)));
}

/** The user's own time-out in seconds, else the descriptor's, else the default. */
function timeoutOf<Client>(
  session: Session<Client>,
  urn: string,
  operation: Operation,
  seconds: number,
): number | undefined {
  if (seconds > 0 && Number.isFinite(seconds)) return seconds * 1_000;
  const type = urn.split("::")[2]?.split("$").at(-1) ?? "";
  return milliseconds(
    session.provider.resources.get(type)?.descriptor.timeouts[operation] ?? DEFAULT_TIMEOUTS[operation],
  );
}

function milliseconds(declared: Duration | "none"): number | undefined {
  return declared === "none" ? undefined : durationMs(declared);
}

function write<Request, Response>(
  stream: grpc.ServerWritableStream<Request, Response>,
  response: Response,
): Promise<void> {
  return new Promise((resolve) => {
    if (stream.write(response)) resolve();
    else stream.once("drain", resolve);
  });
}
