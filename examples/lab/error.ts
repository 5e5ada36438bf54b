/** What the lab cannot do, and what to do about it, in a sentence for a person. */
export class LabError extends Error {
  constructor(message: string, options?: { readonly cause?: unknown }) {
    super(message, options);
    this.name = "LabError";
  }
}

/** True for a system error with one of these codes. @example isCode(error, "ENOENT") */
export function isCode(error: unknown, ...codes: readonly string[]): boolean {
  return error instanceof Error && "code" in error && codes.includes(String(error.code));
}
