import type { Appliance } from "../appliance.ts";
import { ApplianceError } from "../errors.ts";
import type { Bearer } from "./authorization.ts";
import type { RateLimiter } from "./rate.ts";

/** How exact `lastUsedAt` is: a write for every read would make the two cost the same. */
const USE_RECORDED_EVERY_MS = 60_000;

/** What logging in needs. */
export interface LogInContext {
  readonly appliance: Pick<Appliance, "checkApiToken" | "recordApiTokenUse">;
  /** Counts by address. */
  readonly failures: RateLimiter;
  /** Counts by API token. */
  readonly calls: RateLimiter;
  /** A monotonic clock. */
  readonly nowMs: () => number;
  /** Told of every refusal for asking too often. */
  readonly onLimited: (what: "call" | "log-in") => void;
  /** Told of every call whose token is not good, with why. */
  readonly onStranger: (address: string, why: string) => void;
  /** Gets what goes wrong beside the call. */
  readonly log: (line: string) => void;
}

/**
 * Finds out who asks, by the `Authorization` header of a request, and lets them in as often as they may.
 *
 * @example
 * const bearer = await logIn.of("Bearer kace_…", "10.0.0.7");
 * await logIn.admit(bearer);
 */
export class LogIn {
  readonly #context: LogInContext;
  readonly #recordedAtMs = new Map<string, number>();

  constructor(context: LogInContext) {
    this.#context = context;
  }

  /**
   * @param address of whoever asks: those who fail too often are told to wait. A token that is good is always accepted,
   *   so that nobody can lock out the others behind one address.
   * @throws ApplianceError `unauthenticated`, `too-many-requests`
   */
  async of(header: string | undefined, address: string): Promise<Bearer> {
    const { appliance } = this.#context;
    const value = /^Bearer +(\S{1,1000})$/i.exec(header ?? "")?.[1];
    const token = value === undefined ? null : await appliance.checkApiToken({ value });
    if (token === null || token.expired) {
      const message =
        value === undefined
          ? "an API token is needed"
          : token === null
            ? "the API token is not known to this server"
            : `the API token "${token.name}" has expired at ${token.expiresAt}`;
      this.#context.onStranger(address, message);
      this.countStranger(address);
      throw new ApplianceError({
        code: "unauthenticated",
        message,
        hint: "make one on the server with `kace api-tokens create <name>`",
      });
    }
    return token;
  }

  /**
   * Counts a call of an address without a good token: one that needs none, too.
   * @throws ApplianceError `too-many-requests`
   */
  countStranger(address: string): void {
    const waitMs = this.#context.failures.take(address);
    if (waitMs > 0)
      throw this.#limited("log-in", "too many calls from this address had no API token that is good", waitMs);
  }

  /**
   * Counts a call of somebody who was found out.
   * @throws ApplianceError `too-many-requests`
   */
  async admit({ id, name }: Bearer): Promise<void> {
    const waitMs = this.#context.calls.take(id);
    if (waitMs > 0) throw this.#limited("call", `the API token "${name}" asks too often`, waitMs);
    await this.#recordUse(id);
  }

  #limited(what: "call" | "log-in", message: string, waitMs: number): ApplianceError {
    this.#context.onLimited(what);
    const retryAfterSeconds = Math.ceil(waitMs / 1_000);
    return new ApplianceError({
      code: "too-many-requests",
      message,
      hint: `ask again in ${retryAfterSeconds} s`,
      retryAfterSeconds,
    });
  }

  /** That a use cannot be recorded, on a full disk for one, is no reason to refuse what only reads. */
  async #recordUse(id: string): Promise<void> {
    const { appliance, nowMs, log } = this.#context;
    const recordedAt = this.#recordedAtMs.get(id);
    if (recordedAt !== undefined && nowMs() - recordedAt < USE_RECORDED_EVERY_MS) return;
    this.#recordedAtMs.set(id, nowMs());
    try {
      await appliance.recordApiTokenUse({ id });
    } catch (error) {
      log(`the use of an API token was not recorded: ${error instanceof Error ? error.message : String(error)}`);
    }
  }
}
