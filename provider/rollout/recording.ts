import type { Input } from "../appliance/appliance.ts";
import { MAX_LOG_BYTES } from "../appliance/operations/outcome-words.ts";
import type { NewOutcome } from "../appliance/operations/outcomes.ts";
import type { Heartbeat } from "./heartbeat.ts";
import type { Outcome } from "./outcome.ts";

/** The part of an appliance that outcomes are written to. */
export interface OutcomeStore {
  recordOutcomes(input: Input<"recordOutcomes">): Promise<unknown>;
}

/** So many outcomes go into one call at most. */
const PER_CALL = 1_000;
const MAX_SENTENCE = 4_000;
const MAX_KEY = 300;
const MAX_NAME = 255;
const MAX_WORD = 100;

/**
 * The journal of a run, kept by an appliance, which hears with every batch how far the run is beside it.
 * @example runRollout({ journal: journalOf(appliance, lease.runId, heartbeat), onEvent: (event) => heartbeat.see(event), ... })
 */
export function journalOf(
  store: OutcomeStore,
  runId: string,
  heartbeat: Heartbeat,
): (outcomes: readonly Outcome[]) => Promise<void> {
  return async (outcomes) => {
    for (let start = 0; start < outcomes.length; start += PER_CALL) {
      const batch = outcomes.slice(start, start + PER_CALL);
      heartbeat.written(batch);
      await store.recordOutcomes({ runId, outcomes: batch.map(recorded), progress: heartbeat.tell() });
    }
  };
}

/** An outcome as the appliance keeps it: what machines say may be longer than a column, and must not stop a run. */
export function recorded(outcome: Outcome): NewOutcome {
  return {
    machine: start(outcome.machine, MAX_KEY),
    target: start(outcome.target, MAX_KEY),
    action: outcome.action,
    class: outcome.class,
    code: outcome.code,
    message: start(outcome.message, MAX_SENTENCE),
    durationMs: Math.max(0, Math.round(outcome.durationMs)),
    ...(outcome.hint !== undefined && { hint: start(outcome.hint, MAX_SENTENCE) }),
    ...(outcome.name !== undefined && { name: start(outcome.name, MAX_NAME) }),
    ...(outcome.address !== undefined && { address: start(outcome.address, MAX_NAME) }),
    ...(outcome.version !== undefined && { version: start(outcome.version, MAX_WORD) }),
    ...(outcome.server !== undefined && { server: start(outcome.server, MAX_KEY) }),
    ...(outcome.platform !== undefined && { platform: start(outcome.platform, MAX_WORD) }),
    ...(outcome.kuid !== undefined && { kuid: start(outcome.kuid, MAX_WORD) }),
    ...(outcome.log !== undefined && { log: withoutMiddle(outcome.log, MAX_LOG_BYTES) }),
  };
}

function start(text: string, length: number): string {
  return text.length <= length ? text : `${text.slice(0, length - 1)}…`;
}

const CUT = "\n[...]\n";

/**
 * The beginning and the end of a text that is too long: the one says what was tried, the other how it failed.
 * @param bytes how long it may be in UTF-8
 */
export function withoutMiddle(text: string, bytes: number): string {
  const encoded = Buffer.from(text, "utf8");
  if (encoded.length <= bytes) return text;
  // A mark for half a letter is longer than the half it stands for: at most two of them, three bytes each.
  const half = Math.floor((bytes - CUT.length - 12) / 2);
  return `${encoded.toString("utf8", 0, half)}${CUT}${encoded.toString("utf8", encoded.length - half)}`;
}
