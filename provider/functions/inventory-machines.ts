import type { Appliance } from "../appliance/appliance.ts";
import { everyPage } from "../appliance/every-page.ts";
import { presentOf } from "../appliance/replaced-devices.ts";
import { membersOfLabel } from "./label-members.ts";
import type { Machine } from "./picking.ts";

const PAGE = 1_000;

/**
 * The approved devices of an appliance as machines to pick, without those that newer ones of the same machines replaced.
 *
 * @param labels only those that have one of these
 * @throws ProviderError `invalid-input` at a label that there is not
 */
export async function inventoryMachines(
  appliance: Appliance,
  labels: readonly string[] | undefined,
): Promise<Machine[]> {
  if (labels !== undefined) {
    const machines = new Map<string, Machine>();
    for (const [index, name] of labels.entries()) {
      const { members } = await membersOfLabel(appliance, name, ["labels", index]);
      for (const { kuid, hostname, address, connected } of members)
        machines.set(kuid, { machine: hostname, address, kuid, connected });
    }
    return [...machines.values()];
  }
  const devices = await everyPage(async (after) => {
    const { devices: items, next } = await appliance.findDevices({ states: ["approved"], limit: PAGE, after });
    return { items, next };
  });
  return presentOf(devices).map(({ hostname, address, kuid, connected }) => ({
    machine: hostname,
    address,
    kuid,
    connected,
  }));
}
