import * as z from "zod";

/** What went wrong with an appliance, in words that a program can compare and a wire can carry. */
export const applianceErrorCode = z.enum([
  /** What was asked for does not exist. */
  "not-found",
  /** It exists already, differs from what is recorded, or somebody else holds it. */
  "conflict",
  /** The input cannot be right. */
  "invalid",
  /** Another process kept the database to itself for too long: trying again may help. */
  "locked",
  /** This appliance, or its file system, does not let itself be written to. */
  "read-only",
  /** The database, or the server, is of a newer version than this program. */
  "newer-version",
  /** The database, its key or its certificates are damaged. */
  "corrupt",
  "disk-full",
  /** The appliance does not answer: trying again may help. */
  "unavailable",
  /** Who is asking was not accepted. */
  "unauthenticated",
  /** Who is asking may not do this. */
  "permission-denied",
  /** Too much was asked for in a short time; `retryAfterSeconds` says when to ask again. Nothing was done. */
  "too-many-requests",
  /** This appliance cannot do that. */
  "unsupported",
  /** It may be done, but not yet: the hint says when. */
  "not-now",
]);

export type ApplianceErrorCode = z.output<typeof applianceErrorCode>;

/** What is wrong with an input, and the property that it is about; the whole of it where the path is empty. */
export const inputProblem = z.object({ path: z.array(z.union([z.string(), z.int()])), message: z.string() });

export type InputProblem = z.output<typeof inputProblem>;

/** An {@link ApplianceError} as data, as it travels. */
export const applianceErrorData = z.object({
  code: applianceErrorCode,
  message: z.string(),
  hint: z.string().optional(),
  /** Where it is known which properties are at fault: what the message says in one text, each at its property. */
  problems: z.array(inputProblem).optional(),
  retryAfterSeconds: z.number().min(0).optional(),
});

export type ApplianceErrorData = z.output<typeof applianceErrorData>;

/**
 * The one error of every appliance, near or far: a code, one sentence without secrets, and what to do about it.
 *
 * @example throw new ApplianceError({ code: "not-found", message: 'there is no token "token-1"' })
 */
export class ApplianceError extends Error {
  readonly code: ApplianceErrorCode;
  readonly hint: string | undefined;
  /** Where it is known which properties are at fault. */
  readonly problems: readonly InputProblem[] | undefined;
  /** Of `too-many-requests`: how long to wait. */
  readonly retryAfterSeconds: number | undefined;

  constructor(detail: ApplianceErrorData & { readonly cause?: unknown }) {
    super(detail.message, detail.cause === undefined ? undefined : { cause: detail.cause });
    this.name = "ApplianceError";
    this.code = detail.code;
    this.hint = detail.hint;
    this.problems = detail.problems;
    this.retryAfterSeconds = detail.retryAfterSeconds;
  }

  /** What of it travels: never the cause, which may know more than the other side should. */
  toJSON(): ApplianceErrorData {
    const { code, message, hint, problems, retryAfterSeconds } = this;
    return {
      code,
      message,
      ...(hint === undefined ? {} : { hint }),
      ...(problems === undefined ? {} : { problems: [...problems] }),
      ...(retryAfterSeconds === undefined ? {} : { retryAfterSeconds }),
    };
  }
}
