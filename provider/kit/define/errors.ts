import type { Path } from "./path.ts";
import { formatPath } from "./path.ts";

/**
 * What went wrong, in words a program can compare. A wire maps each code to its own status; see
 * `docs/concepts.md` for the table.
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
  if (!(thrown instanceof Error))
    return { code: "internal", message: `a handler threw ${describeThrown(thrown)}`, cause: thrown };
  // A call that was ended says why in the reason of its signal, which Node hands on as the cause.
  if (thrown.name === "AbortError" && thrown.cause instanceof ProviderError) return thrown.cause;
  const code = codeOf(thrown);
  return { code: code ?? "internal", message: messageOf(thrown), cause: thrown };
}

/** `fetch` and connections to names with several addresses hide the system's error inside another one. */
const MAX_CAUSES = 5;

function codeOf(error: Error, depth = 0): ErrorCode | undefined {
  const code =
    "code" in error && typeof error.code === "string" && Object.hasOwn(SYSTEM_CODES, error.code)
      ? SYSTEM_CODES[error.code]
      : undefined;
  if (code !== undefined) return code;
  if (error.name === "AbortError") return "cancelled";
  if (error.name === "TimeoutError") return "timeout";
  const [inner] = causesOf(error);
  return inner === undefined || depth === MAX_CAUSES ? undefined : codeOf(inner, depth + 1);
}

function messageOf(error: Error): string {
  let text = "";
  let current: Error | undefined = error;
  for (let depth = 0; current !== undefined && depth <= MAX_CAUSES; depth++) {
    if (!text.includes(current.message)) text += text === "" ? current.message : `: ${current.message}`;
    [current] = causesOf(current);
  }
  return text === "" ? error.name : text;
}

function causesOf(error: Error): Error[] {
  const causes: unknown[] = error instanceof AggregateError ? error.errors : [error.cause];
  return causes.filter((cause) => cause instanceof Error);
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
  // Not "not-found": it is a file or program that the handler needs, not the object it is about. A delete that
  // cannot read its key file has not deleted anything.
  ENOENT: "failed-precondition",
  EEXIST: "already-exists",
  ENOSPC: "exhausted",
  EMFILE: "exhausted",
};
