import { createHash } from "node:crypto";
import type { LocalAppliance } from "../../../provider/appliance/local/local.ts";
import { inPortions, kuidOf } from "./bench-devices.ts";
import { CONFIGURATION, dailyRun, weeklyScript } from "./daily-life.ts";
import { sampleInventory } from "./sample-inventory.ts";
import { machineOf } from "./wire-agent.ts";

/** How long the appliance of a bench has been in use. */
export const DAYS = 30;

/** So many devices are blocked each day, and approved again: two entries of the history each. */
const CHANGES_A_DAY = 100;

/** What the clock says in an appliance that is being filled; it goes on day by day. */
export interface Clock {
  ms: number;
}

/** On every such day all machines send their inventories again, of which only the last is kept. */
const INVENTORY_DAYS = 10;

/**
 * Fills an appliance as {@link DAYS} days with `count` devices leave it: each enrolled with a token and has an inventory
 * of 20 kB, which it sends again every {@link INVENTORY_DAYS} days; every day a run installs the agent on each,
 * {@link CHANGES_A_DAY} of them are blocked and approved again, and the settings are changed; every week each runs a
 * script.
 */
export async function fillAppliance(
  appliance: LocalAppliance,
  {
    count,
    clock,
    progress,
  }: { readonly count: number; readonly clock: Clock; readonly progress: (text: string) => void },
): Promise<void> {
  const { value: token } = await appliance.createToken({ name: "fleet" });
  await inPortions(count, async (number) => {
    const kuid = kuidOf(number);
    const publicKey = createHash("sha256").update(kuid).digest("base64url");
    const { hostname, os, agentVersion } = machineOf(`machine-${number}.bench.example`);
    const known = { kuid, publicKey, token, hostname, os, agentVersion, flavour: "reference", machineId: "" };
    await appliance.enrolDevice({ ...known, addresses: ["10.0.0.5"], macs: ["02:00:00:00:00:01"] });
    await appliance.recordInventory({ kuid, inventory: JSON.stringify(sampleInventory(number)) });
  });
  const targets = `machine-[0-${count - 1}].bench.example`;
  await appliance.saveConfiguration({ id: CONFIGURATION, name: "fleet", description: { targets } });
  for (let day = 0; day < DAYS; day += 1) {
    clock.ms += 86_400_000;
    progress(`day ${day + 1}`);
    await dailyRun(appliance, count, day);
    if (day % 7 === 6) await weeklyScript(appliance, count, day / 7);
    await appliance.updateSettings({ splashText: `day ${day}` });
    if (day % INVENTORY_DAYS === INVENTORY_DAYS - 1)
      await inPortions(count, async (number) => {
        await appliance.recordInventory({
          kuid: kuidOf(number),
          inventory: JSON.stringify(sampleInventory(number + day)),
        });
      });
    await inPortions(CHANGES_A_DAY, async (change) => {
      const kuid = kuidOf((day * CHANGES_A_DAY + change) % count);
      await appliance.setDeviceState({ kuid, state: "blocked" });
      await appliance.setDeviceState({ kuid, state: "approved" });
    });
  }
}
