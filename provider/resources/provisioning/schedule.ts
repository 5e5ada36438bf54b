import type { Appliance } from "../../appliance/appliance.ts";
import type { FoundInputs } from "../../kit/define/resource.ts";
import { foundOrGone } from "../found-or-gone.ts";
import type { Inputs } from "./inputs.ts";
import { configurationRecord } from "./record.ts";

/** What a user should know of a schedule that nobody keeps: nothing else would say it. */
export async function scheduleWarning({ enabled, schedule }: Inputs, appliance: Appliance): Promise<string[]> {
  if (schedule === undefined || !enabled || (await appliance.serverStatus({})).running) return [];
  return ["schedule: no `kace serve` runs on this appliance to keep it: start one"];
}

/**
 * The schedule as the appliance has it, where that is another than what is recorded: after a store was lost, for one,
 * nothing runs by itself any more.
 */
export async function keptSchedule(
  id: string,
  inputs: Inputs,
  appliance: Appliance,
): Promise<Pick<FoundInputs<Inputs>, "schedule">> {
  if (inputs.schedule === undefined) return {};
  const kept = await foundOrGone(appliance.getConfiguration({ id }));
  return { schedule: kept?.description.schedule ?? null };
}

/** Keeps other log-ins for the runs of a schedule, and which token is brought now; no machine is touched. */
export async function keepCredentials(
  content: Omit<Parameters<typeof configurationRecord>[0], "ground">,
  appliance: Appliance,
): Promise<void> {
  const known = await foundOrGone(appliance.getConfiguration({ id: content.id }));
  const record = configurationRecord({ ...content, ground: { bundle: undefined, server: undefined } });
  // What lists show of bundle and server is as the last run found it.
  const { flavour, server } = known?.description ?? {};
  await appliance.saveConfiguration({ ...record, description: { ...record.description, flavour, server } });
}
