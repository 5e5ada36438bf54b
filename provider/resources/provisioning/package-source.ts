import type { AgentPackage, PackageSource } from "../../agent/agent.ts";
import type { PackageContents } from "../../appliance/appliance.ts";

/** Packages up to this size are read once and shared by all machines of a run; larger ones are read for each. */
const SHARED_BYTES = 64 * 1024 * 1024;

/**
 * Packages as a rollout sends them: read from the appliance once, however many machines get them, and only when the
 * first one needs it.
 */
export function packageSource(contents: PackageContents): PackageSource {
  const shared = new Map<string, Promise<readonly Uint8Array[]>>();
  const read = (sha256: string): Promise<readonly Uint8Array[]> => {
    const known = shared.get(sha256);
    if (known !== undefined) return known;
    const reading = readWhole(contents, sha256);
    shared.set(sha256, reading);
    // A fault is not kept: the next machine tries again.
    reading.catch(() => shared.delete(sha256));
    return reading;
  };
  return ({ sha256, sizeBytes }: AgentPackage) => ({
    sha256,
    sizeBytes,
    open: () => (sizeBytes <= SHARED_BYTES ? chunksOf(read(sha256)) : stream(contents, sha256)),
  });
}

async function readWhole(contents: PackageContents, sha256: string): Promise<readonly Uint8Array[]> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of stream(contents, sha256)) chunks.push(chunk);
  return chunks;
}

async function* chunksOf(reading: Promise<readonly Uint8Array[]>): AsyncGenerator<Uint8Array> {
  yield* await reading;
}

async function* stream(contents: PackageContents, sha256: string): AsyncGenerator<Uint8Array> {
  const { stream: bytes } = await contents.openPackage(sha256);
  yield* bytes;
}
