import { formatPath, type Path } from "./path.ts";

/**
 * What went wrong, in words a program can compare. A wire maps each code to its own status; see
 * `docs/errors.md` for the table.
 */
export type ErrorCode =
  /** The user gave something that cannot be right. */
  | "invalid-input"
  /** The thing asked for does not exist. */
  | "not-found"
  /** It exists already and belongs to somebody else. */
  | "already-exists"
  /** Who the provider is was not accepted. */
  | "unauthenticated"
  /** Who the provider is may not do this. */
  | "permission-denied"
  /** The world is not in the state that the operation needs. */
  | "failed-precondition"
  /** Somebody else is working on the same thing: trying again may help. */
  | "conflict"
  /** The other side does not answer: trying again may help. */
  | "unavailable"
  /** A limit or quota is used up. */
  | "exhausted"
  /** It took longer than it may. */
  | "timeout"
  /** Somebody asked to stop. */
  | "cancelled"
  /** This provider does not do that. */
  | "unsupported"
  /** The provider itself is at fault. */
  | "internal";

/** An error as data: what, why, and what to do about it. */
export interface ErrorDetail {
  readonly code: ErrorCode;
  /** One sentence for the user, without stack trace and without secrets. */
  readonly message: string;
  /** What the user can do about it. */
  readonly hint?: string | undefined;
  /** The property that is at fault. */
  readonly path?: Path | undefined;
  readonly cause?: unknown;
}

/**
 * The one error class of handlers: whatever else is thrown counts as a fault of the provider.
 *
 * @example throw new ProviderError({ code: "unavailable", message: "the server does not answer", hint: "start it with `kace serve`" })
 */
export class ProviderError extends Error implements ErrorDetail {
  readonly code: ErrorCode;
  readonly hint: string | undefined;
  readonly path: Path | undefined;

  constructor(detail: ErrorDetail) {
    super(detail.message, detail.cause === undefined ? undefined : { cause: detail.cause });
    this.name = "ProviderError";
    this.code = detail.code;
    this.hint = detail.hint;
    this.path = detail.path;
  }
}

/** The whole sentence for a user: the path, the message and the hint. */
export function describeError(detail: ErrorDetail): string {
  const where = detail.path === undefined || detail.path.length === 0 ? "" : `${formatPath(detail.path)}: `;
  const hint = detail.hint === undefined ? "" : ` (${detail.hint})`;
  return `${where}${detail.message}${hint}`;
}

/**
 * Turns whatever was thrown into an {@link ErrorDetail}. System errors keep their meaning (a refused connection is
 * `unavailable`); all else is `internal`, with the message but never the stack.
 */
export function toErrorDetail(thrown: unknown): ErrorDetail {
  if (thrown instanceof ProviderError) return thrown;
  if (thrown instanceof Error) {
    const systemCode = "code" in thrown && typeof thrown.code === "string" ? SYSTEM_CODES[thrown.code] : undefined;
    if (systemCode !== undefined) return { code: systemCode, message: thrown.message, cause: thrown };
    if (thrown.name === "AbortError") return { code: "cancelled", message: thrown.message, cause: thrown };
    return { code: "internal", message: thrown.message || thrown.name, cause: thrown };
  }
  return { code: "internal", message: `a handler threw ${describeThrown(thrown)}`, cause: thrown };
}

function describeThrown(thrown: unknown): string {
  return typeof thrown === "string" ? thrown : `a value of type ${thrown === null ? "null" : typeof thrown}`;
}

const SYSTEM_CODES: Readonly<Record<string, ErrorCode>> = {
  ECONNREFUSED: "unavailable",
  ECONNRESET: "unavailable",
  EHOSTUNREACH: "unavailable",
  ENETUNREACH: "unavailable",
  ENOTFOUND: "unavailable",
  EAI_AGAIN: "unavailable",
  EPIPE: "unavailable",
  ETIMEDOUT: "timeout",
  EACCES: "permission-denied",
  EPERM: "permission-denied",
  ENOENT: "not-found",
  EEXIST: "already-exists",
  ENOSPC: "exhausted",
  EMFILE: "exhausted",
};
