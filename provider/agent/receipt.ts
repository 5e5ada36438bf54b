import type { Receipt } from "./probe.ts";

/** The file's text. @example JSON.parse(receiptText(receipt)).configurationId */
export function receiptText(receipt: Receipt): string {
  return JSON.stringify({ format: 1, ...receipt });
}

/** A receipt as it was read; undefined for text that is none. Fields of a later format are ignored. */
export function parseReceipt(text: string): Receipt | undefined {
  const value = parsed(text);
  if (typeof value !== "object" || value === null) return undefined;
  const field = (name: string): unknown =>
    name in value ? Object.getOwnPropertyDescriptor(value, name)?.value : undefined;
  const configurationId = field("configurationId");
  const flavour = field("flavour");
  if (typeof configurationId !== "string" || typeof flavour !== "string") return undefined;
  const version = field("version");
  const packageSha256 = field("packageSha256");
  const packageFormat = field("packageFormat");
  return {
    configurationId,
    flavour,
    version: typeof version === "string" ? version : undefined,
    packageSha256: typeof packageSha256 === "string" ? packageSha256 : undefined,
    packageFormat:
      packageFormat === "deb" || packageFormat === "rpm" || packageFormat === "tar.gz" ? packageFormat : undefined,
    adopted: field("adopted") === true,
  };
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}
