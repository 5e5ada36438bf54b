import type { HttpBindings } from "@hono/node-server";
import { type Context, Hono } from "hono";
import { bodyLimit } from "hono/body-limit";
import type { ContentfulStatusCode } from "hono/utils/http-status";
import type { Appliance } from "../appliance.ts";
import { ApplianceError } from "../errors.ts";
import {
  API_PATH,
  API_VERSION,
  API_VERSION_HEADER,
  ERROR_STATUS,
  encodeError,
  OPENAPI_PATH,
  operationPath,
  PACKAGE_SIZE_HEADER,
  PRODUCT_VERSION,
  PRODUCT_VERSION_HEADER,
  packagePath,
} from "../http.ts";
import { sha256 } from "../operations/fields.ts";
import { findOperation, type OperationName } from "../operations/table.ts";
import { openApiDocument } from "./openapi.ts";

/** What the API needs. */
export interface ApiContext {
  readonly appliance: Appliance;
  /** The same appliance, whose history says that this one did it: the name of an API token. */
  readonly actingAs: (who: string) => Appliance;
  /** An operation's body may be this long. */
  readonly bodyBytes: number;
  /** Called with a request whose API token was accepted. */
  readonly onAuthenticated: (request: HttpBindings["incoming"]) => void;
  /** Gets what is the server's own fault. */
  readonly log: (line: string) => void;
}

type Environment = { Bindings: HttpBindings; Variables: { who: string } };

/** The HTTP API: every operation of the table, and the content of packages; all but the description needs an API token. */
export function createApi(context: ApiContext): Hono<Environment> {
  const api = new Hono<Environment>();
  let description: ReturnType<typeof openApiDocument> | undefined;

  api.use(async (c, next) => {
    c.header(API_VERSION_HEADER, String(API_VERSION));
    c.header(PRODUCT_VERSION_HEADER, PRODUCT_VERSION);
    c.header("cache-control", "no-store");
    await next();
  });
  api.get("/healthz", (c) => unauthenticated(c).json({ status: "ok", version: PRODUCT_VERSION }));
  api.get(OPENAPI_PATH, (c) => {
    description ??= openApiDocument();
    return unauthenticated(c).json(description);
  });

  api.use(`${API_PATH}/*`, async (c, next) => {
    checkVersion(c.req.header(API_VERSION_HEADER));
    c.set("who", await authenticate(c.req.header("authorization"), context.appliance));
    context.onAuthenticated(c.env.incoming);
    await next();
  });

  api.get(packagePath(":sha256"), async (c) => {
    const { sizeBytes, stream } = await context.appliance.openPackage(hashOf(c));
    c.header("content-length", String(sizeBytes));
    c.header("content-type", "application/octet-stream");
    return c.body(ReadableStream.from(stream));
  });
  api.put(packagePath(":sha256"), async (c) => {
    const sizeBytes = Number(c.req.header(PACKAGE_SIZE_HEADER) ?? c.req.header("content-length") ?? "none");
    if (!Number.isSafeInteger(sizeBytes)) {
      throw new ApplianceError({ code: "invalid", message: "the size of the package is not said" });
    }
    await context.actingAs(c.get("who")).putPackage(hashOf(c), sizeBytes, uploadOf(c.env.incoming));
    return c.body(null, 204);
  });

  const limit = bodyLimit({
    maxSize: context.bodyBytes,
    onError: () => {
      throw new ApplianceError({
        code: "invalid",
        message: `the request is larger than ${context.bodyBytes} bytes`,
        hint: "send it in parts",
      });
    },
  });
  api.post(operationPath(":operation"), limit, async (c) => {
    const operation = findOperation(c.req.param("operation") ?? "");
    if (operation === undefined) throw unknownOperation();
    const output = await call(context.actingAs(c.get("who")), operation, await bodyOf(c));
    return c.json(output);
  });

  api.notFound((c) => answer(unauthenticated(c), unknownOperation()));
  api.onError((error, c) => {
    if (error instanceof ApplianceError) {
      // What is left of a body that nobody read must not be taken for the next request.
      if (error.code === "unauthenticated" || error.code === "invalid") unauthenticated(c);
      return answer(c, error);
    }
    context.log(`${c.req.method} ${c.req.path}: ${error.stack ?? error.message}`);
    const failed = { message: "the server failed at this request", hint: "its log says why" };
    return answer(c, new ApplianceError({ code: "unavailable", ...failed }));
  });
  return api;
}

/** Who is not known gets one answer a connection, so that connections cannot be hoarded. */
function unauthenticated<C extends Context>(c: C): C {
  c.header("connection", "close");
  return c;
}

function answer(c: Context, error: ApplianceError): Response {
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

async function authenticate(header: string | undefined, appliance: Appliance): Promise<string> {
  const value = /^Bearer +(\S{1,1000})$/i.exec(header ?? "")?.[1];
  const token = value === undefined ? null : await appliance.checkApiToken({ value });
  if (token !== null) return token.name;
  throw new ApplianceError({
    code: "unauthenticated",
    message: value === undefined ? "an API token is needed" : "the API token is not known to this server",
    hint: "make one on the server with `kace api-tokens create <name>`",
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

/** The body of a request; that its sender goes away in the middle is no fault of the server. */
async function* uploadOf(incoming: HttpBindings["incoming"]): AsyncIterable<Uint8Array> {
  try {
    yield* incoming;
  } catch (error) {
    throw new ApplianceError({ code: "unavailable", message: "the upload broke off", cause: error });
  }
}

function unknownOperation(): ApplianceError {
  return new ApplianceError({
    code: "unsupported",
    message: `this server (${PRODUCT_VERSION}) does not know that operation`,
    hint: "use the same version of pulumi-kace on both sides",
  });
}

async function bodyOf(c: Context): Promise<unknown> {
  const text = await c.req.text();
  try {
    return JSON.parse(text === "" ? "{}" : text);
  } catch {
    throw new ApplianceError({ code: "invalid", message: "the request is not JSON" });
  }
}

async function call(appliance: Appliance, { name }: { readonly name: OperationName }, body: unknown): Promise<unknown> {
  // The appliance checks what it is given by the schema of the operation, wherever it comes from.
  const method = appliance[name] as (input: unknown) => Promise<unknown>;
  return await method.call(appliance, body);
}
