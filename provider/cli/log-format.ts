import type { AnsweredCall } from "../appliance/server/api.ts";

/** How `kace serve` writes its log. */
export const LOG_FORMATS = ["text", "json"] as const;

export type LogFormat = (typeof LOG_FORMATS)[number];

/** Where a server's log goes. */
export interface ServerLog {
  readonly log: (line: string) => void;
  /** Every call of the API, once it is answered; for programs only, since they are too many for people. */
  readonly onCall?: (call: AnsweredCall) => void;
}

/**
 * A log in a format: lines for people as they are, or one JSON object a line for programs.
 *
 * @param now milliseconds since 1970
 * @example logIn("json", console.error, Date.now).log("stopped") // {"time":"…","event":"message","message":"stopped"}
 */
export function logIn(format: LogFormat, write: (line: string) => void, now: () => number): ServerLog {
  if (format === "text") return { log: write };
  const entry = (event: string, detail: object) =>
    write(JSON.stringify({ time: new Date(now()).toISOString(), event, ...detail }));
  return { log: (message) => entry("message", { message }), onCall: (call) => entry("call", call) };
}
