import { hostname } from "node:os";
import type { Appliance } from "../../appliance/appliance.ts";
import { everyPage } from "../../appliance/every-page.ts";
import type { StoredOutcome } from "../../appliance/operations/outcomes.ts";
import type { Log } from "../../kit/define/call.ts";
import { BusyError } from "../../rollout/lease.ts";
import type { Result } from "../../rollout/results.ts";
import type { RunEnd } from "../../rollout/schedule-runner.ts";
import type { Summary } from "../../rollout/summary.ts";
import { conduct, NOTHING } from "./conduct.ts";
import { everybody, targetsOf } from "./crowd.ts";
import { groundOf } from "./ground.ts";
import { readRunInputs } from "./run-inputs.ts";
import { openSession } from "./session.ts";

/** A run of a configuration from what the appliance keeps of it, without a program. */
export interface StoredRun {
  readonly configurationId: string;
  /** As `LocalAppliance.runInputs` gives them. */
  readonly runInputs: string;
  readonly appliance: Appliance;
  readonly log: Log;
  readonly signal: AbortSignal;
  /** Who runs it: `kace serve`. The host is added. */
  readonly holder: string;
  /** How long another run of the same configuration is waited for; 0 not to wait. */
  readonly patienceMs: number;
}

/**
 * Brings the machines of a configuration to what it wants, as `pulumi up` does. Outcomes and logs are in the appliance;
 * the state of the program learns of them at its next refresh, from the machines themselves.
 *
 * @throws ProviderError where all machines would fail alike, before the first one is touched
 */
export async function runStored(run: StoredRun): Promise<RunEnd> {
  const { configurationId, appliance, log, signal } = run;
  const { inputs, limits } = readRunInputs(run.runInputs);
  const ground = await groundOf(inputs, appliance);
  for (const warning of ground.warnings) log.warn(warning);
  const session = await openSession({ inputs, ground, configurationId, appliance, signal, writes: true, ...limits });
  try {
    const { recording, reasons, cancelled } = await conduct({
      kind: "scheduled",
      configurationId,
      appliance,
      session,
      log,
      signal,
      crowd: everybody(targetsOf(inputs)),
      partial: false,
      dropped: [],
      uninstalls: false,
      previous: { ...NOTHING, results: await latestResults(appliance, configurationId) },
      holder: `${run.holder} on ${hostname() || "a machine"}`,
      patienceMs: run.patienceMs,
    });
    // One that lost its lease is told to end as well: by that, and not by whoever stops the server.
    return {
      kind: cancelled && signal.aborted ? "cancelled" : "ended",
      summary: describeSummary(recording.summary),
      reasons,
    };
  } catch (error) {
    if (error instanceof BusyError) return { kind: "busy", message: error.message };
    throw error;
  }
}

/** What is known of the machines, so that none that was there before is taken for a dead address. */
async function latestResults(appliance: Appliance, configurationId: string): Promise<Record<string, Result>> {
  const outcomes = await everyPage<StoredOutcome>(async (after) => {
    const page = await appliance.listOutcomes({ configurationId, limit: 1_000, after });
    return { items: page.outcomes, next: page.next };
  });
  return Object.fromEntries(
    outcomes.map(({ machine, action, class: outcomeClass, code }) => [machine, { action, class: outcomeClass, code }]),
  );
}

/** @example describeSummary(summary) // "3 machines: 2 unchanged, 1 failed" */
function describeSummary(summary: Summary): string {
  const { succeeded, unchanged, removed, unreachable, failed, notAttempted } = summary;
  const counts = { succeeded, unchanged, removed, unreachable, failed, "not attempted": notAttempted };
  const parts = Object.entries(counts).flatMap(([what, count]) => (count === 0 ? [] : `${count} ${what}`));
  const there = summary.total - summary.absent;
  return [`${there} ${there === 1 ? "machine" : "machines"}`, parts.join(", ")]
    .filter((part) => part !== "")
    .join(": ");
}
