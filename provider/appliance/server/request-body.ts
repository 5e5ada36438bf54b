import type { HttpBindings } from "@hono/node-server";
import { ApplianceError } from "../errors.ts";

type Incoming = HttpBindings["incoming"];

/**
 * The JSON of a request, however its length is said; of none that is an empty object.
 *
 * @throws ApplianceError `invalid` for what is longer than `maxBytes` or is not JSON
 * @example const input = await jsonOf(c.env.incoming, 32 * 1024 * 1024);
 */
export async function jsonOf(incoming: Incoming, maxBytes: number): Promise<unknown> {
  const text = await textOf(incoming, maxBytes);
  try {
    return JSON.parse(text === "" ? "{}" : text);
  } catch {
    throw new ApplianceError({ code: "invalid", message: "the request is not JSON" });
  }
}

/** The body of an upload. */
export function uploadOf(incoming: Incoming): AsyncIterable<Uint8Array> {
  return whole(incoming, "the upload broke off");
}

/** Bytes to their end; that their sender goes away in the middle is no fault of the server. */
async function* whole(bytes: AsyncIterable<Uint8Array>, otherwise: string): AsyncIterable<Uint8Array> {
  try {
    yield* bytes;
  } catch (error) {
    throw new ApplianceError({ code: "unavailable", message: otherwise, cause: error });
  }
}

async function textOf(incoming: Incoming, maxBytes: number): Promise<string> {
  if (Number(incoming.headers["content-length"] ?? 0) > maxBytes) throw tooLarge(maxBytes);
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  // The connection outlives a body that is not read to its end: the answer has to go over it.
  for await (const chunk of whole(incoming.iterator({ destroyOnReturn: false }), "the request broke off")) {
    bytes += chunk.byteLength;
    if (bytes > maxBytes) throw tooLarge(maxBytes);
    chunks.push(chunk);
  }
  return new TextDecoder().decode(Buffer.concat(chunks));
}

function tooLarge(maxBytes: number): ApplianceError {
  return new ApplianceError({
    code: "invalid",
    message: `the request is larger than ${maxBytes} bytes`,
    hint: "send it in parts",
  });
}
