import { dateOrMoment } from "../appliance/moment-text.ts";
import type { Finding } from "../kit/define/resource.ts";

/**
 * What is to be said of the end of a token before it is made or changed. One whose end has come meanwhile stays as it
 * is: that is what an expiry is for.
 * @param given as the program writes it
 * @param recorded as the program wrote it before; undefined where there is no token yet
 * @param nowMs milliseconds since 1970
 * @example findingsOfExpiry("2020-01-01", undefined, Date.now()) // [{ path: ["expiresAt"], reason: "…" }]
 */
export function findingsOfExpiry(given: unknown, recorded: unknown, nowMs: number): readonly Finding[] {
  if (typeof given !== "string" || given === recorded) return [];
  const moment = dateOrMoment(given);
  if (moment === undefined || Date.parse(moment) > nowMs) return [];
  return [
    {
      path: ["expiresAt"],
      reason: `it is over, so nothing could enrol with the token: expected a later moment; to end a token, set \`enabled: false\``,
    },
  ];
}
