import { nearest } from "../../kit/define/suggest.ts";

let zones: ReadonlySet<string> | undefined;

/** Whether a text is the IANA name of a time zone that this program knows. Offsets such as "+02:00" are none: they know no summer. */
export function isTimezone(name: string): boolean {
  // Zones by their first name, as nearly all are given: a format is asked only for the others, because it takes 5 MB of
  // tables, already where the provider starts, that a rollout never needs.
  zones ??= new Set(["UTC", ...Intl.supportedValuesOf("timeZone")]);
  if (zones.has(name)) return true;
  if (!/^[a-z]/i.test(name)) return false;
  try {
    new Intl.DateTimeFormat("en", { timeZone: name });
    return true;
  } catch (error) {
    if (error instanceof RangeError) return false;
    throw error;
  }
}

/**
 * What to say of a text that is no time zone, with the one that was most likely meant.
 * @example problemOfTimezone("Europe/Berlni") // 'there is no time zone "Europe/Berlni"; did you mean "Europe/Berlin"?'
 */
export function problemOfTimezone(name: string): string {
  const near = nearest(name, Intl.supportedValuesOf("timeZone"));
  const repair =
    near === undefined ? 'expected an IANA name, such as "Europe/Berlin" or "UTC"' : `did you mean "${near}"?`;
  return `there is no time zone ${JSON.stringify(name)}; ${repair}`;
}
