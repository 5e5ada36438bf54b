const DAY_MS = 86_400_000;

/** An authority gets a successor this long before its end, unless told otherwise. */
export const RENEW_BEFORE_DAYS = 365;
/** How long both are announced at most before the successor may take over by itself. */
export const OVERLAP_DAYS = 180;
/** So long before the end of the present one the successor takes over whoever trusts it: nobody trusts what has ended. */
const LAST_DAYS = 1;

/** When an authority began and ends, in milliseconds since 1970. */
export interface Life {
  readonly madeAt: number;
  readonly endsAt: number;
}

/** What is to be done with the authorities of a server now. */
export type SuccessionStep =
  | { readonly kind: "none" }
  /** A successor is made and announced. */
  | { readonly kind: "make" }
  /** The successor takes the place of the present one. */
  | { readonly kind: "switch" }
  /** The same, but only if all devices trust it. */
  | { readonly kind: "switch-if-trusted" };

/**
 * The rule of succession. A successor is made when it is wished for or near the end of the present authority; it takes
 * over when that is wished for, else at the time of {@link switchOverAt} once every device trusts it, and at the latest
 * a day before the end of the present one.
 *
 * @param now milliseconds since 1970
 * @example succession({ present, next: undefined, wish: "renew", now, renewBeforeMs }).kind // "make"
 */
export function succession({
  present,
  next,
  wish,
  now,
  renewBeforeMs,
}: {
  readonly present: Life;
  readonly next: Life | undefined;
  readonly wish: "renew" | "finish" | undefined;
  readonly now: number;
  readonly renewBeforeMs: number;
}): SuccessionStep {
  const leftMs = present.endsAt - now;
  // What has ended is no one's to renew in silence: the clock may be wrong.
  if (next === undefined)
    return { kind: leftMs > 0 && (wish === "renew" || leftMs <= renewBeforeMs) ? "make" : "none" };
  if (wish === "finish") return { kind: "switch" };
  // A clock that jumped forward must not have both steps done within a moment.
  if (leftMs <= LAST_DAYS * DAY_MS && (leftMs <= 0 || now - next.madeAt >= DAY_MS)) return { kind: "switch" };
  return { kind: now >= switchOverAt(present, next) ? "switch-if-trusted" : "none" };
}

/** When the successor takes over by itself: after the overlap, or half of what was left of the present one. */
export function switchOverAt(present: Life, next: Life): number {
  return next.madeAt + Math.min(OVERLAP_DAYS * DAY_MS, Math.max(0, (present.endsAt - next.madeAt) / 2));
}
