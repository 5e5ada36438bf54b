import { createHash } from "node:crypto";
import { open } from "node:fs/promises";
import { join } from "node:path";
import * as z from "zod";
import { inputProblems, problemsText } from "../input-problems.ts";
import { describeFileError } from "../local/file-errors.ts";
import { fetchBytes } from "./fetch.ts";
import {
  ARCHIVE_NAME,
  MAX_ARCHIVE_BYTES,
  MAX_INDEX_BYTES,
  MAX_OFFERS,
  type Offer,
  type Offers,
  UpdateSourceError,
} from "./offer.ts";

const entry = z.object({
  /** Where it is, relative to the index. */
  file: z.string().min(1).max(1_000),
  flavour: z.string().min(1).max(40),
  version: z.string().min(1).max(100),
  sizeBytes: z.int().min(1).max(MAX_ARCHIVE_BYTES),
  sha256: z
    .string()
    .regex(/^[0-9a-fA-F]{64}$/, "expected the 64 hexadecimal digits of a SHA-256")
    .transform((sum) => sum.toLowerCase())
    .optional(),
});

const index = z.object({ format: z.literal(1), bundles: z.array(entry).max(MAX_OFFERS) });

/**
 * The archives that an index names.
 *
 * @param signed whether a signature proves them; else the index must have their checksums
 * @throws UpdateSourceError where there is no index that can be read
 */
export async function offersOfIndex(
  address: URL,
  {
    signed,
    caCertificate,
    signal,
  }: { readonly signed: boolean; readonly caCertificate: string | undefined; readonly signal: AbortSignal },
): Promise<Offers> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of fetchBytes(address, { mostBytes: MAX_INDEX_BYTES, caCertificate, signal }))
    chunks.push(chunk);
  const { bundles } = parseIndex(Buffer.concat(chunks).toString("utf8"), address);
  const offers: Offer[] = [];
  const faults: string[] = [];
  for (const { file, sha256, sizeBytes, flavour, version } of bundles) {
    const place = URL.canParse(file, address.href) ? new URL(file, address) : undefined;
    const fileName = place?.pathname.split("/").at(-1) ?? "";
    if (place === undefined || place.origin !== address.origin || !ARCHIVE_NAME.test(fileName))
      faults.push(`${file} is no .kbin beside the index`);
    else if (sha256 === undefined && !signed)
      faults.push(`${file} has no sha256 in the index, and there is no key that it must be signed by`);
    else
      offers.push({
        fileName,
        sha256,
        said: { flavour, version },
        obtain: (folder, until) =>
          download(place, { path: join(folder, fileName), sizeBytes, sha256, caCertificate, signal: until }),
      });
  }
  return { offers, faults };
}

function parseIndex(text: string, address: URL): z.output<typeof index> {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw new UpdateSourceError(`${address.href} is no index of archives: it is not JSON`);
  }
  const parsed = index.safeParse(value);
  if (parsed.success) return parsed.data;
  const problems = problemsText(inputProblems(parsed.error).slice(0, 1));
  throw new UpdateSourceError(`${address.href} is no index of archives: ${problems}`);
}

/** Writes what is behind an address into a file, which is there whole or cannot be used. */
async function download(
  address: URL,
  {
    path,
    sizeBytes,
    sha256,
    caCertificate,
    signal,
  }: {
    readonly path: string;
    readonly sizeBytes: number;
    readonly sha256: string | undefined;
    readonly caCertificate: string | undefined;
    readonly signal: AbortSignal;
  },
): Promise<string> {
  const hash = createHash("sha256");
  let bytes = 0;
  try {
    const file = await open(path, "wx", 0o600);
    try {
      for await (const chunk of fetchBytes(address, { mostBytes: sizeBytes, caCertificate, signal })) {
        hash.update(chunk);
        bytes += chunk.length;
        await file.writeFile(chunk);
      }
    } finally {
      await file.close();
    }
  } catch (error) {
    throw describeFileError(error, path);
  }
  if (bytes < sizeBytes) throw new UpdateSourceError(`${address.href} ended after ${bytes} of ${sizeBytes} bytes`);
  const actual = hash.digest("hex");
  if (sha256 !== undefined && actual !== sha256)
    throw new UpdateSourceError(`${address.href} has the SHA-256 ${actual}, not ${sha256} as the index says`);
  return path;
}
