import type { OutcomeClass } from "../appliance/operations/outcome-classes.ts";
import type { CodeMeaning, OutcomeCode } from "./codes.ts";
import { OUTCOME_CODES } from "./codes.ts";
import { hintFor } from "./hint-for.ts";
import { onOneLine, plainText } from "./plain-text.ts";

/** What is, was or would be done to a machine. `none`: nothing, whether because all is right or because it ended before. */
export type Action = "install" | "upgrade" | "downgrade" | "reconfigure" | "repair" | "remove" | "none";

/** What was seen of a machine and its agent; every field is absent where it is not known. */
export interface MachineFacts {
  readonly name?: string | undefined;
  readonly address?: string | undefined;
  /** `linux`, for one. */
  readonly platform?: string | undefined;
  /** Version of the agent that is there now. */
  readonly version?: string | undefined;
  /** Where that agent connects to: `host` or `host:port`. */
  readonly server?: string | undefined;
  /** The agent's own identity. */
  readonly kuid?: string | undefined;
  readonly connected?: boolean | undefined;
}

/** How the work on a machine ended: what a world of machines says; the engine makes an {@link Outcome} of it. */
export interface Ending extends MachineFacts {
  readonly code: OutcomeCode;
  readonly action: Action;
  /** What happened, for a person. Default: the sentence of the code. */
  readonly message?: string | undefined;
  /** What to do about it. Default: the hint of the code. */
  readonly hint?: string | undefined;
  /** What the machine and its installer said, at most 64 KiB: it goes to the journal and is not kept. */
  readonly log?: string | undefined;
}

/** What became of a target. Every target of a run has exactly one. */
export interface Outcome extends MachineFacts {
  /** The key it is filed under: that of the first target that stands for this machine. */
  readonly machine: string;
  /** The key of the target it was reached through; another than `machine` only if two targets are one machine. */
  readonly target: string;
  readonly action: Action;
  readonly class: OutcomeClass;
  readonly code: OutcomeCode;
  readonly message: string;
  readonly hint?: string | undefined;
  readonly durationMs: number;
  /** The other targets that turned out to be this machine. */
  readonly sameAs?: readonly string[] | undefined;
  /** At most 64 KiB; present only on the way to the journal. */
  readonly log?: string | undefined;
}

/**
 * An outcome in the form that is kept for every target of a run: small, and without the log, which the journal has.
 *
 * @param machine the key it is filed under
 * @param target the target it was reached through
 */
export function outcomeOf(
  machine: string,
  target: Pick<Outcome, "name" | "address"> & { readonly key: string },
  ending: Ending,
  durationMs: number,
  sameAs: readonly string[] | undefined,
): Outcome {
  const meaning: CodeMeaning = OUTCOME_CODES[ending.code];
  return {
    machine,
    target: target.key,
    name: alone(ending.name) ?? target.name,
    address: alone(ending.address) ?? target.address,
    platform: alone(ending.platform),
    version: alone(ending.version),
    server: alone(ending.server),
    kuid: alone(ending.kuid),
    connected: ending.connected,
    action: ending.action,
    class: meaning.class,
    code: ending.code,
    message: alone(ending.message) ?? meaning.sentence,
    hint: hintFor(machine, alone(ending.hint) ?? meaning.hint),
    durationMs: Math.round(durationMs),
    sameAs,
  };
}

/** Shorter strings are copied by V8 anyway. */
const LONGEST_COPIED = 12;

/**
 * The text, fit to be shown, without what it was cut out of: V8 would keep all that a machine said alive for the sake
 * of one word of it.
 */
function alone(text: string | undefined): string | undefined {
  if (text === undefined) return undefined;
  const plain = plainText(text);
  return plain.length <= LONGEST_COPIED ? plain : Buffer.from(plain, "utf8").toString("utf8");
}

/** One line for a person. @example "[port-closed] web01: port 22 is closed: start sshd there, or check the port" */
export function reasonOf(outcome: Pick<Outcome, "code" | "machine" | "message" | "hint">): string {
  const hint = outcome.hint === undefined ? "" : `: ${outcome.hint}`;
  return onOneLine(`[${outcome.code}] ${outcome.machine}: ${outcome.message}${hint}`);
}
