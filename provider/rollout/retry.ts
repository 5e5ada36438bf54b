import { MachineError } from "../machines/machine.ts";

/** How often a fault of the transport is met with another attempt, and how long to wait before it. */
export interface RetryPolicy {
  /** In all, the first one included: 1 means no second attempt. */
  readonly attempts: number;
  /** The longest wait before the second attempt; it doubles with each one after it. */
  readonly baseMs: number;
  /** No wait is longer. */
  readonly capMs: number;
}

/**
 * How long to wait before the next attempt: exponential with full jitter, so that machines that were dropped together
 * do not come back together. `undefined`: no further attempt, because there were enough or because the fault is not one
 * of the transport. A rejected password or a strange host key is never tried again.
 *
 * @param attempt how many there were, 1 after the first
 * @param random a number from 0 to below 1
 * @example retryDelayMs(new MachineError({ code: "lost", message: "", transient: true }), 1, { attempts: 3, baseMs: 1000, capMs: 30000 }, 0.5) // 500
 */
export function retryDelayMs(fault: unknown, attempt: number, policy: RetryPolicy, random: number): number | undefined {
  if (!(fault instanceof MachineError) || !fault.transient || attempt >= policy.attempts) return undefined;
  return random * Math.min(policy.capMs, policy.baseMs * 2 ** (attempt - 1));
}
