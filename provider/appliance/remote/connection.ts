import type { IncomingMessage } from "node:http";
import { Agent, request } from "node:https";
import type { Socket } from "node:net";
import { pipeline } from "node:stream/promises";
import { ApplianceError } from "../errors.ts";
import { API_VERSION, API_VERSION_HEADER, errorBody, PRODUCT_VERSION, PRODUCT_VERSION_HEADER } from "../http.ts";
import { explainFault } from "./faults.ts";

export interface ConnectionOptions {
  /** `https://kace.example:8443`. */
  readonly endpoint: URL;
  readonly apiToken: string;
  /** PEM; absent: the system's roots. */
  readonly caCertificate: string | undefined;
  /** From the name to the end of the TLS handshake. */
  readonly connectTimeoutMs: number;
  /** How long a server may be silent while a call waits for it. */
  readonly answerTimeoutMs: number;
}

export interface Call {
  readonly method: "GET" | "PUT" | "POST";
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** Absent: no body. */
  readonly body?: string | AsyncIterable<Uint8Array> | undefined;
}

/** A few sockets do for many calls at once; they are kept, since a handshake costs more than a call. */
const MAX_SOCKETS = 8;

/** An upload waits so long for the server to want it, then goes without: what stands in between may not know of that. */
const CONTINUE_WITHIN_MS = 10_000;

/** The HTTPS connections to one server. Every call ends in an answer of that server or in an `ApplianceError`. */
export class Connection {
  readonly #options: ConnectionOptions;
  readonly #agent: Agent;
  /** Sockets whose handshake is done: a socket that goes from one call to the next does not say so again. */
  readonly #established = new WeakSet<Socket>();
  #closed = false;

  constructor(options: ConnectionOptions) {
    this.#options = options;
    this.#agent = new Agent({
      keepAlive: true,
      maxSockets: MAX_SOCKETS,
      ...(options.caCertificate === undefined ? {} : { ca: options.caCertificate }),
    });
  }

  /** @returns an answer that is no error; its body is the caller's to read */
  async call(call: Call): Promise<IncomingMessage> {
    if (this.#closed) throw new ApplianceError({ code: "unavailable", message: "the appliance has been closed" });
    const answer = await this.#send(call);
    const version = answer.headers[API_VERSION_HEADER];
    if (version !== String(API_VERSION)) {
      answer.destroy();
      throw version === undefined ? this.#stranger() : this.#otherVersion(version, answer);
    }
    const status = answer.statusCode ?? 0;
    if (status >= 200 && status < 300) return answer;
    throw this.#errorOf(await this.text(answer));
  }

  /** Reads a body to its end. */
  async text(answer: IncomingMessage): Promise<string> {
    const chunks: Uint8Array[] = [];
    for await (const chunk of this.bytes(answer)) chunks.push(chunk);
    return Buffer.concat(chunks).toString("utf8");
  }

  /** A body as it comes; one that breaks off is an error, never a short body. */
  async *bytes(answer: IncomingMessage): AsyncIterable<Uint8Array> {
    try {
      for await (const chunk of answer) yield chunk;
    } catch (error) {
      throw explainFault(error, this.#endpoint, true);
    }
  }

  close(): void {
    this.#closed = true;
    this.#agent.destroy();
  }

  get #endpoint(): string {
    return this.#options.endpoint.origin;
  }

  async #send(call: Call): Promise<IncomingMessage> {
    const { endpoint, apiToken, connectTimeoutMs, answerTimeoutMs } = this.#options;
    let connected = false;
    // Nothing of a stream is read, and so lost, before the server has let the call in.
    const isUpload = typeof call.body === "object";
    const outgoing = request({
      agent: this.#agent,
      host: endpoint.hostname.replace(/^\[|\]$/g, ""),
      port: endpoint.port === "" ? 443 : Number(endpoint.port),
      method: call.method,
      path: call.path,
      headers: {
        authorization: `Bearer ${apiToken}`,
        [API_VERSION_HEADER]: String(API_VERSION),
        ...(typeof call.body === "string" ? { "content-length": String(Buffer.byteLength(call.body)) } : {}),
        ...(isUpload ? { expect: "100-continue" } : {}),
        ...call.headers,
      },
    });
    const timedOut = Object.assign(new Error("timed out"), { code: "ETIMEDOUT" });
    let connecting: NodeJS.Timeout | undefined;
    const established = () => {
      connected = true;
      clearTimeout(connecting);
      outgoing.setTimeout(answerTimeoutMs, () => outgoing.destroy(timedOut));
    };
    outgoing.once("socket", (socket) => {
      if (this.#established.has(socket)) return established();
      connecting = setTimeout(() => outgoing.destroy(timedOut), connectTimeoutMs);
      socket.once("secureConnect", () => {
        this.#established.add(socket);
        established();
      });
    });
    const source = new Source(call.body);
    let waiting: NodeJS.Timeout | undefined;
    try {
      const answered = new Promise<IncomingMessage>((resolve, reject) => {
        outgoing.once("response", resolve);
        outgoing.on("error", reject);
        const send = () => {
          clearTimeout(waiting);
          outgoing.off("continue", send);
          pipeline(source.read(), outgoing).catch(reject);
        };
        if (!isUpload) return send();
        outgoing.once("continue", send);
        waiting = setTimeout(send, CONTINUE_WITHIN_MS);
      });
      const answer = await answered;
      // A body that was not wanted is not sent any more, so that nothing else can go over this connection.
      if (isUpload && !outgoing.writableEnded) answer.once("close", () => outgoing.destroy());
      return answer;
    } catch (error) {
      outgoing.destroy();
      throw source.failed ? error : explainFault(error, this.#endpoint, connected);
    } finally {
      clearTimeout(connecting);
      clearTimeout(waiting);
    }
  }

  #errorOf(body: string): ApplianceError {
    let value: unknown;
    try {
      value = JSON.parse(body);
    } catch {
      return this.#stranger();
    }
    const parsed = errorBody.safeParse(value);
    if (!parsed.success) return this.#stranger();
    const { error } = parsed.data;
    if (error.code !== "unauthenticated") return new ApplianceError(error);
    return new ApplianceError({
      code: error.code,
      message: `${this.#endpoint} does not accept the API token: ${error.message}`,
      hint: "set `apiToken` to one that was made on the server with `kace api-tokens create <name>`",
    });
  }

  #otherVersion(version: string | string[], answer: IncomingMessage): ApplianceError {
    const product = answer.headers[PRODUCT_VERSION_HEADER];
    const newer = Number(version) > API_VERSION;
    return new ApplianceError({
      code: newer ? "newer-version" : "unsupported",
      message: `the server at ${this.#endpoint} (version ${product ?? "unknown"}) speaks version ${version} of the API, this client (${PRODUCT_VERSION}) version ${API_VERSION}`,
      hint: `update ${newer ? "this client" : "the server"}`,
    });
  }

  #stranger(): ApplianceError {
    return new ApplianceError({
      code: "unsupported",
      message: `what answers at ${this.#endpoint} is no kace server`,
      hint: "check name and port in `endpoint`, and whether a proxy stands in between",
    });
  }
}

/** The body of a call, which remembers whether it was itself what failed: a file that cannot be read is no fault of the connection. */
class Source {
  failed = false;
  readonly #body: Call["body"];

  constructor(body: Call["body"]) {
    this.#body = body;
  }

  async *read(): AsyncIterable<Uint8Array> {
    if (this.#body === undefined) return;
    if (typeof this.#body === "string") return yield Buffer.from(this.#body);
    try {
      yield* this.#body;
    } catch (error) {
      this.failed = true;
      throw error;
    }
  }
}
