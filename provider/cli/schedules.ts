import type { LocalAppliance } from "../appliance/local/local.ts";
import { inOrganization } from "../appliance/organization.ts";
import { systemTimezone } from "../appliance/schedules/next-runs.ts";
import type { Log } from "../kit/define/call.ts";
import { systemClock } from "../rollout/clock.ts";
import { ScheduleRunner } from "../rollout/schedule-runner.ts";

/** So many configurations are worked on at once; each keeps to its own `rollout.maxConcurrency`, and to that of the provider it is of. */
const MAX_AT_ONCE = 4;
const LOOK_EVERY_MS = 1_000;

/**
 * Runs the configurations of a local appliance when they are due, or asked for, until it is stopped.
 * @param now milliseconds since 1970, as the appliance goes by
 */
export function keepSchedules(
  appliance: LocalAppliance,
  { now, log }: { readonly now: () => number; readonly log: (line: string) => void },
): ScheduleRunner {
  const runner = new ScheduleRunner({
    store: appliance,
    run: async ({ configurationId, name, organization }, signal) => {
      // A server that has nothing to run need not hold what runs are made of.
      const { runStored } = await import("../resources/provisioning/stored-run.ts");
      return runStored({
        configurationId,
        runInputs: await appliance.runInputs(configurationId),
        appliance: inOrganization(appliance, organization),
        log: warningsOnly((text) => log(`"${name}": ${text}`)),
        signal,
        holder: "kace serve",
        patienceMs: 0,
      });
    },
    nowMs: now,
    clock: systemClock,
    timezone: systemTimezone(),
    maxAtOnce: MAX_AT_ONCE,
    lookEveryMs: LOOK_EVERY_MS,
    log,
  });
  runner.start();
  return runner;
}

/** What machines came to is in the results and step logs; a server's log has what asks for attention. */
function warningsOnly(warn: (text: string) => void): Log {
  const nothing = () => undefined;
  return { debug: nothing, info: nothing, status: nothing, warn, error: warn };
}
