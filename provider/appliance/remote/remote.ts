import { setTimeout as delay } from "node:timers/promises";
import type { Appliance, Input, OperationMethods, Output, PackageContent } from "../appliance.ts";
import { ApplianceError } from "../errors.ts";
import { operationPath, PACKAGE_SIZE_HEADER, packagePath } from "../http.ts";
import type { Operation } from "../operations/operation.ts";
import { operationNames, operations } from "../operations/table.ts";
import { batches } from "./batches.ts";
import { Connection } from "./connection.ts";
import { isTransient } from "./faults.ts";

export interface RemoteOptions {
  /** The address of a `kace serve`: `https://kace.example:8443`. */
  readonly endpoint: string;
  readonly apiToken: string;
  /** PEM of the authority that the server's certificate comes from; absent: the system's roots. */
  readonly caCertificate?: string | undefined;
  /** From the name to the end of the TLS handshake. Default: 10 s. */
  readonly connectTimeoutMs?: number | undefined;
  /** How long the server may be silent while a call waits for it. Default: 2 minutes. */
  readonly answerTimeoutMs?: number | undefined;
  /** Before each further try of a read that met a fault of the transport. */
  readonly retryDelaysMs?: readonly number[] | undefined;
  /** How long in all a call that comes too often for the server waits, as it is told to. Default: 1 minute. */
  readonly maxWaitMs?: number | undefined;
}

/** Half of what a server takes, since JSON is longer than what it says. */
const MAX_BATCH_BYTES = 8 * 1024 * 1024;

/**
 * An appliance behind a `kace serve`. Nothing is sent before the first call. Reads are tried again on faults of the
 * transport; writes never are, since it is not known what came of the first.
 * @throws ApplianceError `invalid` for an endpoint that is no https address
 * @example const appliance = await openRemote({ endpoint: "https://kace.example:8443", apiToken, caCertificate });
 */
export async function openRemote(options: RemoteOptions): Promise<Appliance> {
  const connection = new Connection({
    endpoint: parseEndpoint(options.endpoint),
    apiToken: options.apiToken,
    caCertificate: options.caCertificate,
    connectTimeoutMs: options.connectTimeoutMs ?? 10_000,
    answerTimeoutMs: options.answerTimeoutMs ?? 120_000,
  });
  const retryDelaysMs = options.retryDelaysMs ?? [200, 800];
  const maxWaitMs = options.maxWaitMs ?? 60_000;

  async function post(operation: Operation, input: unknown): Promise<unknown> {
    const body = JSON.stringify(input);
    const send = async () => {
      const answer = await connection.call({
        method: "POST",
        path: operationPath(operation.name),
        headers: { "content-type": "application/json" },
        body,
      });
      return connection.text(answer);
    };
    const patient = () => whenAllowed(send, maxWaitMs);
    const text = operation.access === "read" ? await retried(patient, retryDelaysMs) : await patient();
    return parseOutput(operation, text);
  }

  const methods = Object.fromEntries(
    operationNames.map((name) => [name, (input: unknown) => post(operations[name], input)]),
  ) as OperationMethods; // Object.fromEntries forgets which names there were; parseOutput checks the types

  return {
    ...methods,
    async recordOutcomes({ runId, outcomes, progress }: Input<"recordOutcomes">): Promise<Output<"recordOutcomes">> {
      let recorded = 0;
      for (const part of batches(outcomes, MAX_BATCH_BYTES, (outcome) => JSON.stringify(outcome).length)) {
        recorded += (await methods.recordOutcomes({ runId, outcomes: part, progress })).recorded;
      }
      return { recorded };
    },
    async putPackage(sha256, sizeBytes, content) {
      // What the server has is only said again, which keeps it from being tidied away. It is asked first also because
      // an answer that comes before the end of a long upload can get lost.
      const there = await methods.hasPackage({ sha256 });
      const isThere = there.present && there.sizeBytes === sizeBytes;
      let isRead = false;
      async function* read(): AsyncIterable<Uint8Array> {
        isRead = true;
        yield* exactly(sizeBytes, content);
      }
      const put = () =>
        connection.call({
          method: "PUT",
          path: packagePath(sha256),
          headers: {
            "content-type": "application/octet-stream",
            "content-length": String(isThere ? 0 : sizeBytes),
            [PACKAGE_SIZE_HEADER]: String(sizeBytes),
          },
          body: isThere ? undefined : read(),
        });
      await connection.text(await whenAllowed(put, maxWaitMs, () => !isRead));
    },
    async openPackage(sha256): Promise<PackageContent> {
      const get = () => connection.call({ method: "GET", path: packagePath(sha256) });
      const answer = await retried(() => whenAllowed(get, maxWaitMs), retryDelaysMs);
      return { sizeBytes: Number(answer.headers["content-length"]), stream: connection.bytes(answer) };
    },
    async close() {
      connection.close();
    },
  };
}

function parseEndpoint(endpoint: string): URL {
  const url = URL.canParse(endpoint) ? new URL(endpoint) : undefined;
  if (url?.protocol === "https:" && url.pathname === "/" && url.search === "" && url.username === "") return url;
  throw new ApplianceError({
    code: "invalid",
    message: `"${url === undefined ? endpoint : url.origin + url.pathname}" is no address of a kace server`,
    hint: 'give "https://", its name and its port: https://kace.example:8443',
  });
}

async function retried<T>(call: () => Promise<T>, delaysMs: readonly number[]): Promise<T> {
  for (const delayMs of delaysMs) {
    try {
      return await call();
    } catch (error) {
      if (!isTransient(error)) throw error;
    }
    await delay(delayMs);
  }
  return call();
}

/**
 * Calls again when the server says that it may: a call that was refused for coming too often was not done.
 * @param isRepeatable whether the call can be made once more: content can be read only once
 */
async function whenAllowed<T>(call: () => Promise<T>, maxWaitMs: number, isRepeatable = () => true): Promise<T> {
  let leftMs = maxWaitMs;
  for (;;) {
    try {
      return await call();
    } catch (error) {
      const seconds = error instanceof ApplianceError ? error.retryAfterSeconds : undefined;
      if (seconds === undefined || !isRepeatable()) throw error;
      // At least a little, so that a server which says 0 is not asked without end.
      const waitMs = Math.max(seconds * 1_000, 100);
      if (waitMs > leftMs) throw error;
      leftMs -= waitMs;
      await delay(waitMs);
    }
  }
}

function parseOutput(operation: Operation, text: string): unknown {
  const parsed = operation.output.safeParse(parseJson(text));
  if (parsed.success) return parsed.data;
  throw new ApplianceError({
    code: "unsupported",
    message: `the server's answer to ${operation.name} is not understood`,
    hint: "use the same version of pulumi-kace on both sides",
  });
}

/** What is no JSON fails the schema like any other wrong answer. */
function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** HTTP has no way to say that a body turned out shorter or longer than promised, so it is said here. */
async function* exactly(sizeBytes: number, content: AsyncIterable<Uint8Array>): AsyncIterable<Uint8Array> {
  let seen = 0;
  for await (const chunk of content) {
    seen += chunk.byteLength;
    if (seen > sizeBytes) throw wrongSize(sizeBytes);
    yield chunk;
  }
  if (seen < sizeBytes) throw wrongSize(sizeBytes);
}

function wrongSize(sizeBytes: number): ApplianceError {
  return new ApplianceError({ code: "invalid", message: `the package is not ${sizeBytes} bytes long, as was said` });
}
