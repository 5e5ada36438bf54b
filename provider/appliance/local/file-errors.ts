import { ApplianceError, type ApplianceErrorCode } from "../errors.ts";

const MEANINGS: Readonly<Record<string, { readonly code: ApplianceErrorCode; readonly problem: string }>> = {
  ENOSPC: { code: "disk-full", problem: "the disk is full" },
  EDQUOT: { code: "disk-full", problem: "the disk quota is used up" },
  EROFS: { code: "read-only", problem: "the file system is read-only" },
  EACCES: { code: "permission-denied", problem: "this user may not use it" },
  EPERM: { code: "permission-denied", problem: "this user may not use it" },
  ENOENT: { code: "unavailable", problem: "it does not exist" },
  ENOTDIR: { code: "invalid", problem: "part of the path is not a folder" },
  EEXIST: { code: "invalid", problem: "part of the path is not a folder" },
  EIO: { code: "unavailable", problem: "the disk reports an error" },
  EMFILE: { code: "unavailable", problem: "this process has too many files open" },
};

const HINTS: Partial<Record<ApplianceErrorCode, string>> = {
  "disk-full": "make room and try again: what was recorded before is kept",
  "read-only": "set `database` to a folder that can be written to",
  "permission-denied": "run as the user whose folder it is, or set `database` to another folder",
  invalid: "set `database` to a folder",
};

/** Says in one sentence what a file system refused; what is not its refusal stays as it is. */
export function describeFileError(error: unknown, path: string): unknown {
  if (!(error instanceof Error && "code" in error && typeof error.code === "string")) return error;
  const meaning = Object.hasOwn(MEANINGS, error.code) ? MEANINGS[error.code] : undefined;
  if (meaning === undefined) return error;
  const hint = HINTS[meaning.code];
  return new ApplianceError({
    code: meaning.code,
    message: `${path}: ${meaning.problem}`,
    ...(hint === undefined ? {} : { hint }),
    cause: error,
  });
}
