import { once } from "node:events";
import type { IncomingMessage } from "node:http";
import { request } from "node:https";
import { rootCertificates } from "node:tls";
import { UpdateSourceError } from "./offer.ts";

/** How long a server may be silent. */
const SILENCE_MS = 60_000;

/**
 * The bytes behind an https address; never more than so many. Nothing is followed to another address.
 *
 * @param caCertificate PEM of an authority to trust beside those that are known
 * @throws UpdateSourceError in words for people
 */
export async function* fetchBytes(
  address: URL,
  {
    mostBytes,
    caCertificate,
    signal,
  }: { readonly mostBytes: number; readonly caCertificate: string | undefined; readonly signal: AbortSignal },
): AsyncGenerator<Uint8Array> {
  const tooLarge = () => new UpdateSourceError(`${address.href} is larger than the ${mostBytes} bytes expected`);
  const answer = await answerOf(address, caCertificate, signal);
  try {
    if (Number(answer.headers["content-length"] ?? 0) > mostBytes) throw tooLarge();
    let bytes = 0;
    for await (const chunk of answer) {
      const received: Buffer = chunk;
      bytes += received.length;
      if (bytes > mostBytes) throw tooLarge();
      yield received;
    }
  } catch (error) {
    throw explained(error, address);
  } finally {
    answer.destroy();
  }
}

async function answerOf(
  address: URL,
  caCertificate: string | undefined,
  signal: AbortSignal,
): Promise<IncomingMessage> {
  const outgoing = request(address, {
    signal,
    minVersion: "TLSv1.2",
    headers: { accept: "*/*", "accept-encoding": "identity" },
    ...(caCertificate === undefined ? {} : { ca: [...rootCertificates, caCertificate] }),
  });
  outgoing.setTimeout(SILENCE_MS, () =>
    outgoing.destroy(new UpdateSourceError(`${address.href}: the server was silent for ${SILENCE_MS / 1_000} s`)),
  );
  outgoing.end();
  try {
    const [answer]: IncomingMessage[] = await once(outgoing, "response");
    if (answer?.statusCode === 200) return answer;
    outgoing.destroy();
    const moved = answer?.headers.location === undefined ? "" : `; it points to ${answer.headers.location}`;
    throw new UpdateSourceError(`${address.href}: the server answered ${answer?.statusCode}${moved}`);
  } catch (error) {
    throw explained(error, address);
  }
}

function explained(error: unknown, address: URL): unknown {
  if (error instanceof UpdateSourceError || !(error instanceof Error) || error.name === "AbortError") return error;
  return new UpdateSourceError(`${address.href}: ${error.message}`);
}
