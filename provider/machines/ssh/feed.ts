import type { Duplex } from "node:stream";
import type { ClientChannel } from "ssh2";
import { type ByteSource, MachineError } from "../machine.ts";

/** How much of a payload is on its way through this process at a time: as much as sshd takes in one packet. */
const PORTION_BYTES = 32 * 1024;

/**
 * Sends the script and its payload, as fast as the other side takes them: its window is not all that counts, because
 * the library would encrypt as much as fits into it and let it wait in memory for the network.
 * @param transport what the bytes of all channels go through
 * @throws MachineError `upload-failed` where the payload cannot be read here
 */
export async function feedReader(
  stream: ClientChannel,
  transport: Duplex,
  { envelope, payload }: { readonly envelope: Buffer; readonly payload: ByteSource | undefined },
  signal: AbortSignal,
): Promise<void> {
  stream.write(envelope);
  if (payload !== undefined) {
    for await (const chunk of chunks(payload)) {
      for (let begin = 0; begin < chunk.length; begin += PORTION_BYTES) {
        if (signal.aborted || !stream.writable) return;
        if (!stream.write(chunk.subarray(begin, begin + PORTION_BYTES))) await drained(stream, stream, signal);
        if (transport.writableNeedDrain) await drained(transport, stream, signal);
      }
    }
  }
  if (!signal.aborted) stream.end();
}

/** A file that cannot be read here is no fault of the machine. */
async function* chunks(payload: ByteSource): AsyncIterable<Uint8Array> {
  try {
    yield* payload.open();
  } catch (error) {
    throw new MachineError({
      code: "upload-failed",
      message: `what is to be sent could not be read${error instanceof Error ? `: ${error.message}` : ""}`,
      cause: error,
    });
  }
}

/** A script may end without having read all of its payload, so the end of the channel counts too. */
function drained(full: Duplex, stream: ClientChannel, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const done = () => {
      full.off("drain", done);
      stream.off("close", done);
      signal.removeEventListener("abort", done);
      resolve();
    };
    full.once("drain", done);
    stream.once("close", done);
    signal.addEventListener("abort", done, { once: true });
    if (signal.aborted) done();
  });
}
