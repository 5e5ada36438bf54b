import * as z from "zod";
import { inputProblems, problemsText } from "../input-problems.ts";

/** The first entry of an archive: what it holds. */
export const MANIFEST_NAME = "bundle.json";
/** The second entry of a signed archive: 64 bytes, the Ed25519 signature (RFC 8032) of the manifest's bytes. */
export const SIGNATURE_NAME = "bundle.json.sig";
/** The version of the format. */
export const KBIN_FORMAT = 1;

export const MAX_MANIFEST_BYTES = 1024 * 1024;
export const SIGNATURE_BYTES = 64;

const packageEntry = z.object({
  fileName: z
    .string()
    .regex(/^[A-Za-z0-9_][A-Za-z0-9._+~-]{0,199}$/, "expected the bare name of a file")
    .refine((name) => name !== MANIFEST_NAME && name !== SIGNATURE_NAME, { error: "no package has this name" }),
  sha256: z.string().regex(/^[0-9a-f]{64}$/, "expected the 64 hexadecimal digits of a SHA-256"),
  sizeBytes: z
    .int()
    .min(1)
    .max(2 * 1024 ** 3),
});

/** A package as the manifest names it. */
export type KbinPackage = z.output<typeof packageEntry>;

const manifest = z.object({
  format: z.literal(KBIN_FORMAT),
  packages: z
    .array(packageEntry)
    .min(1)
    .max(1_000)
    .refine((packages) => new Set(packages.map(({ fileName }) => fileName)).size === packages.length, {
      error: "a package is named twice",
    }),
});

/** What an archive says that it holds. */
export type KbinManifest = z.output<typeof manifest>;

/**
 * Reads a manifest.
 * @returns what is wrong with it where it is none
 */
export function parseManifest(text: string): KbinManifest | { readonly problem: string } {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return { problem: "it is not JSON" };
  }
  const parsed = manifest.safeParse(value);
  if (parsed.success) return parsed.data;
  return { problem: problemsText(inputProblems(parsed.error).slice(0, 1)) };
}
