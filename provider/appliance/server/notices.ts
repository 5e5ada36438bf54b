import type { Output } from "../appliance.ts";

/** So many lines of one kind are written within {@link WINDOW_MS}; more are counted. */
const LINES = 10;
const WINDOW_MS = 60_000;

/** The same line is not written again before. */
const AGAIN_MS = 60 * 60_000;

/** So many lines are remembered, so as not to write them again: whoever comes with ever new ones must not fill the memory. */
const REMEMBERED = 1_000;

/** Of a kind of notices, what was written and what was not in the minute that goes on. */
interface Window {
  readonly endsMs: number;
  written: number;
  withheld: number;
}

/**
 * What happens at a server's doors, for people who read its log: a few lines of each kind a minute, however many agents
 * come at once, and how many more there were; and what repeats itself once an hour.
 *
 * @example
 * notices.say("agents refused", "refused an agent from 10.0.0.7: a hello comes first");
 * // after more than ten in a minute: "agents refused: 4812 more within a minute"
 */
export class Notices {
  readonly #log: (line: string) => void;
  readonly #monotonicMs: () => number;
  readonly #windows = new Map<string, Window>();
  readonly #saidAtMs = new Map<string, number>();

  constructor(log: (line: string) => void, monotonicMs: () => number) {
    // Agents choose their host names: none makes a line of its own.
    this.#log = (line) => log(line.replaceAll(/\p{Cc}/gu, " "));
    this.#monotonicMs = monotonicMs;
  }

  /** @param kind what many of these are called */
  say(kind: string, line: string): void {
    const now = this.#monotonicMs();
    const saidAt = this.#saidAtMs.get(line);
    if (saidAt !== undefined && now - saidAt < AGAIN_MS) return;
    this.sweep();
    const window = this.#windows.get(kind) ?? { endsMs: now + WINDOW_MS, written: 0, withheld: 0 };
    this.#windows.set(kind, window);
    if (window.written >= LINES) {
      window.withheld += 1;
      return;
    }
    window.written += 1;
    this.#saidAtMs.delete(line);
    this.#saidAtMs.set(line, now);
    const oldest = this.#saidAtMs.size > REMEMBERED ? this.#saidAtMs.keys().next().value : undefined;
    if (oldest !== undefined) this.#saidAtMs.delete(oldest);
    this.#log(line);
  }

  /** Says of minutes that are over how much was not written; called regularly. */
  sweep(): void {
    const now = this.#monotonicMs();
    for (const [kind, { endsMs }] of this.#windows) if (endsMs <= now) this.#end(kind);
  }

  /** Says of all how much was not written. */
  end(): void {
    for (const kind of this.#windows.keys()) this.#end(kind);
  }

  #end(kind: string): void {
    const withheld = this.#windows.get(kind)?.withheld ?? 0;
    this.#windows.delete(kind);
    if (withheld > 0) this.#log(`${kind}: ${withheld} more within a minute`);
  }
}

/** What is said of a device that came in, or must wait outside; undefined of one that stands where it stood. */
export function enrolmentNotice(
  { kuid, hostname }: { readonly kuid: string; readonly hostname: string },
  { state, reason, organization, approvedNow, heldNow = false }: Output<"enrolDevice">,
  address: string,
): { readonly kind: string; readonly line: string } | undefined {
  const who = `${hostname} (${address})`;
  if (approvedNow)
    return { kind: "devices enrolled", line: `${who} has enrolled as device ${kuid} of organization ${organization}` };
  if (!heldNow) return undefined;
  if (state === "blocked")
    return { kind: "devices blocked", line: `${who} is blocked as device ${kuid} by a decision about the quarantine` };
  return {
    kind: "devices in quarantine",
    line: `${who} waits in quarantine as device ${kuid} (${reason}): \`kace quarantine approve ${kuid}\` lets it in`,
  };
}
