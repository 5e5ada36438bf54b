import type { Appliance } from "../../appliance/appliance.ts";
import { everyPage } from "../../appliance/every-page.ts";
import type { StoredOutcome } from "../../appliance/operations/outcomes.ts";
import type { Results } from "../../rollout/results.ts";

/** The agent of a machine that another configuration looks after is known too, and is that one's. */
const ANOTHERS = "claimed";

/**
 * The devices of a configuration's machines, by the identities of their agents: as the state and the appliance's journal
 * know them. To be asked before agents are removed, since a removed agent has no identity any more.
 */
export async function devicesOf(configurationId: string, recorded: Results, appliance: Appliance): Promise<string[]> {
  const outcomes = await everyPage<StoredOutcome>(async (after) => {
    const page = await appliance.listOutcomes({ configurationId, limit: 1_000, after });
    return { items: page.outcomes, next: page.next };
  });
  const kuids = [
    ...Object.values(recorded).map(({ code, identity }) => (code === ANOTHERS ? undefined : identity)),
    ...outcomes.map(({ code, kuid }) => (code === ANOTHERS ? undefined : kuid)),
  ];
  return [...new Set(kuids.filter((kuid) => kuid !== undefined))];
}

/** Forgets devices; one that is gone already is as it should be. */
export async function removeDevices(kuids: readonly string[], appliance: Appliance): Promise<void> {
  for (const kuid of kuids) await appliance.deleteDevice({ kuid });
}
