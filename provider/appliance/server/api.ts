import type { HttpBindings } from "@hono/node-server";
import { type Context, Hono, type Next } from "hono";
import type { ContentfulStatusCode } from "hono/utils/http-status";
import type { Appliance, Caller } from "../appliance.ts";
import { ApplianceError, type ApplianceErrorCode } from "../errors.ts";
import {
  API_PATH,
  API_VERSION,
  API_VERSION_HEADER,
  ERROR_STATUS,
  encodeError,
  METRICS_PATH,
  OPENAPI_PATH,
  operationPath,
  PACKAGE_SIZE_HEADER,
  PRODUCT_VERSION,
  PRODUCT_VERSION_HEADER,
  packagePath,
  REFERENCE_PATH,
} from "../http.ts";
import { sha256 } from "../operations/fields.ts";
import { findOperation, type OperationName } from "../operations/table.ts";
import { authorize, type Bearer, type Guarded, METRICS_ACCESS, PACKAGE_ACCESS } from "./authorization.ts";
import type { LogIn } from "./log-in.ts";
import { openApiDocument } from "./openapi.ts";
import { PAGE_POLICY, referencePage } from "./reference-page.ts";
import { jsonOf, uploadOf } from "./request-body.ts";

/** What the API needs. */
export interface ApiContext {
  /** The appliance, on behalf of somebody. */
  readonly actingAs: (caller: Caller) => Appliance;
  readonly logIn: LogIn;
  /** The metrics of now, in the text form of Prometheus. */
  readonly metrics: () => Promise<string>;
  /** Told of every call once it is answered, of those too that are refused at the door. */
  readonly onCall: (call: AnsweredCall) => void;
  /** An operation's body may be this long. */
  readonly bodyBytes: number;
  /** Called with a request whose API token was accepted. */
  readonly onAuthenticated: (request: HttpBindings["incoming"]) => void;
  /** Why the server is not well, in words for everybody; undefined while it is. */
  readonly trouble: () => string | undefined;
  /** Gets what is the server's own fault. */
  readonly log: (line: string) => void;
}

/** A call and what came of it. */
export interface AnsweredCall {
  readonly operation: string;
  /** The name of the API token; absent where none was accepted. */
  readonly who: string | undefined;
  readonly address: string;
  /** `ok`, or the code of the error. */
  readonly result: string;
}

type Environment = {
  Bindings: HttpBindings;
  /** What came out about a request so far. */
  Variables: { bearer?: Bearer; operation?: string; refusal?: ApplianceErrorCode };
};

/** The HTTP API: every operation of the table, and the content of packages; all but the description needs an API token. */
export function createApi(context: ApiContext): Hono<Environment> {
  const api = new Hono<Environment>();
  // Made once, since either takes as long as many calls.
  const description = once(() => openApiDocument());
  const openApi = once(() => JSON.stringify(description()));
  const page = once(() => referencePage(description()));

  api.use(async (c, next) => {
    c.header(API_VERSION_HEADER, String(API_VERSION));
    c.header(PRODUCT_VERSION_HEADER, PRODUCT_VERSION);
    c.header("cache-control", "no-store");
    await next();
  });
  api.get("/healthz", (c) => {
    const reason = context.trouble();
    const health = { status: reason === undefined ? "ok" : "failing", version: PRODUCT_VERSION, reason };
    return unauthenticated(c).json(health, reason === undefined ? 200 : 503);
  });
  api.get(OPENAPI_PATH, (c) => {
    context.logIn.countStranger(addressOf(c));
    return unauthenticated(c).body(openApi(), 200, { "content-type": "application/json" });
  });
  api.get(REFERENCE_PATH, (c) => {
    context.logIn.countStranger(addressOf(c));
    c.header("content-security-policy", PAGE_POLICY);
    return unauthenticated(c).html(page());
  });

  const record = async (c: Context<Environment>, next: Next) => {
    await next();
    const { operation = operationAt(c), bearer, refusal: result = "ok" } = c.var;
    context.onCall({ operation, who: bearer?.name, address: addressOf(c), result });
  };
  const identify = async (c: Context<Environment>, next: Next) => {
    checkVersion(c.req.header(API_VERSION_HEADER));
    const bearer = await context.logIn.of(c.req.header("authorization"), addressOf(c));
    c.set("bearer", bearer);
    await context.logIn.admit(bearer);
    context.onAuthenticated(c.env.incoming);
    // Of what is refused so far the body has not been sent yet, if the client waits for this.
    if (c.env.incoming.headers.expect !== undefined) c.env.outgoing.writeContinue();
    await next();
  };
  const bearerOf = (c: Context<Environment>): Bearer => {
    const { bearer } = c.var;
    if (bearer === undefined) throw new TypeError("a call got past the log-in without a bearer");
    return bearer;
  };
  const allow = (c: Context<Environment>, operation: Guarded) => {
    c.set("operation", operation.name);
    authorize(operation, bearerOf(c));
  };
  /** The appliance as whoever asks may see it. */
  const applianceFor = (c: Context<Environment>) => {
    const { name, organization } = bearerOf(c);
    // Tokens are named by whoever makes them, as users or the server are for one.
    return context.actingAs({ who: `token ${name}`, organization });
  };

  api.use(`${API_PATH}/*`, record, identify);
  api.get(METRICS_PATH, record, identify, async (c) => {
    allow(c, METRICS_ACCESS);
    return c.body(await context.metrics(), 200, { "content-type": "text/plain; version=0.0.4; charset=utf-8" });
  });

  api.get(packagePath(":sha256"), async (c) => {
    allow(c, PACKAGE_ACCESS.get);
    const { sizeBytes, stream } = await applianceFor(c).openPackage(hashOf(c));
    c.header("content-length", String(sizeBytes));
    c.header("content-type", "application/octet-stream");
    return c.body(ReadableStream.from(stream));
  });
  api.put(packagePath(":sha256"), async (c) => {
    allow(c, PACKAGE_ACCESS.put);
    const sizeBytes = Number(c.req.header(PACKAGE_SIZE_HEADER) ?? c.req.header("content-length") ?? "none");
    if (!Number.isSafeInteger(sizeBytes)) {
      throw new ApplianceError({ code: "invalid", message: "the size of the package is not said" });
    }
    await applianceFor(c).putPackage(hashOf(c), sizeBytes, uploadOf(c.env.incoming));
    return c.body(null, 204);
  });

  api.post(operationPath(":operation"), async (c) => {
    const operation = findOperation(c.req.param("operation") ?? "");
    if (operation === undefined) throw unknownOperation();
    allow(c, operation);
    const output = await call(applianceFor(c), operation, await jsonOf(c.env.incoming, context.bodyBytes));
    return c.json(output);
  });

  api.notFound((c) => answer(unauthenticated(c), unknownOperation()));
  api.onError((error, c) => {
    if (error instanceof ApplianceError) {
      // What is left of a body that nobody read must not be taken for the next request.
      if (CLOSING.has(error.code)) unauthenticated(c);
      if (error.retryAfterSeconds !== undefined) c.header("retry-after", String(error.retryAfterSeconds));
      return answer(c, error);
    }
    context.log(`${c.req.method} ${c.req.path}: ${error.stack ?? error.message}`);
    const failed = { message: "the server failed at this request", hint: "its log says why" };
    return answer(c, new ApplianceError({ code: "unavailable", ...failed }));
  });
  return api;
}

/** After these a body may not have been read to its end. */
const CLOSING: ReadonlySet<ApplianceErrorCode> = new Set([
  "unauthenticated",
  "invalid",
  "permission-denied",
  "too-many-requests",
]);

function once<T>(make: () => T): () => T {
  let made: { readonly value: T } | undefined;
  return () => {
    made ??= { value: make() };
    return made.value;
  };
}

function addressOf(c: Context<Environment>): string {
  return c.env.incoming.socket.remoteAddress ?? "an unknown address";
}

/** Who is not known gets one answer a connection, so that connections cannot be hoarded. */
function unauthenticated<C extends Context>(c: C): C {
  c.header("connection", "close");
  return c;
}

/** What a request asks for by its path, where it is refused before it gets there. */
function operationAt({ req: { method, path } }: Context): string {
  if (path === METRICS_PATH) return METRICS_ACCESS.name;
  if (path.startsWith(packagePath(""))) return PACKAGE_ACCESS[method === "PUT" ? "put" : "get"].name;
  return findOperation(path.slice(operationPath("").length))?.name ?? "unknown";
}

function answer(c: Context<Environment>, error: ApplianceError): Response {
  c.set("refusal", error.code);
  return c.json(encodeError(error), ERROR_STATUS[error.code] satisfies ContentfulStatusCode);
}

function checkVersion(said: string | undefined): void {
  if (said === undefined || said === String(API_VERSION)) return;
  throw new ApplianceError({
    code: "unsupported",
    message: `the client speaks version ${said.slice(0, 20)} of the API, this server (${PRODUCT_VERSION}) version ${API_VERSION}`,
    hint: "use the same version of pulumi-kace on both sides",
  });
}

function hashOf(c: Context): string {
  const parsed = sha256.safeParse(c.req.param("sha256"));
  if (parsed.success) return parsed.data;
  throw new ApplianceError({
    code: "invalid",
    message: "a package is named by the 64 hexadecimal digits of its SHA-256",
  });
}

function unknownOperation(): ApplianceError {
  return new ApplianceError({
    code: "unsupported",
    message: `this server (${PRODUCT_VERSION}) does not know that operation`,
    hint: "use the same version of pulumi-kace on both sides",
  });
}

async function call(appliance: Appliance, { name }: { readonly name: OperationName }, body: unknown): Promise<unknown> {
  // The appliance checks what it is given by the schema of the operation, wherever it comes from.
  const method = appliance[name] as (input: unknown) => Promise<unknown>;
  return await method.call(appliance, body);
}
