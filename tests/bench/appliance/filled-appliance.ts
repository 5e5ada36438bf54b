import { createHash } from "node:crypto";
import type { LocalAppliance } from "../../../provider/appliance/local/local.ts";
import { sampleInventory } from "./sample-inventory.ts";
import { machineOf } from "./wire-agent.ts";

/** How long the appliance of a bench has been in use. */
export const DAYS = 30;

/** So many devices are blocked each day, and approved again: two entries of the history each. */
const CHANGES_A_DAY = 100;

const AT_ONCE = 100;

/** What the clock says in an appliance that is being filled; it goes on day by day. */
export interface Clock {
  ms: number;
}

/** The identity of the machine with this number. */
export function kuidOf(number: number): string {
  return `bench-${number.toString().padStart(8, "0")}`;
}

/**
 * Fills an appliance as {@link DAYS} days with `count` devices leave it: each enrolled with a token and has an inventory
 * of 20 kB, and every day {@link CHANGES_A_DAY} of them were blocked and approved again.
 */
export async function fillAppliance(
  appliance: LocalAppliance,
  { count, clock }: { readonly count: number; readonly clock: Clock },
): Promise<void> {
  const { value: token } = await appliance.createToken({ name: "fleet" });
  await inPortions(count, async (number) => {
    const kuid = kuidOf(number);
    const publicKey = createHash("sha256").update(kuid).digest("base64url");
    const { hostname, os, agentVersion } = machineOf(`machine-${number}.bench.example`);
    const known = { kuid, publicKey, token, hostname, os, agentVersion, flavour: "reference", machineId: "" };
    await appliance.enrolDevice({ ...known, addresses: ["10.0.0.5"], macs: ["02:00:00:00:00:01"] });
    await appliance.recordInventory({ kuid, inventory: sampleInventory(number) });
  });
  for (let day = 0; day < DAYS; day += 1) {
    clock.ms += 86_400_000;
    await inPortions(CHANGES_A_DAY, async (change) => {
      const kuid = kuidOf((day * CHANGES_A_DAY + change) % count);
      await appliance.setDeviceState({ kuid, state: "blocked" });
      await appliance.setDeviceState({ kuid, state: "approved" });
    });
  }
}

async function inPortions(count: number, work: (number: number) => Promise<void>): Promise<void> {
  for (let first = 0; first < count; first += AT_ONCE) {
    const length = Math.min(AT_ONCE, count - first);
    await Promise.all(Array.from({ length }, (_, index) => work(first + index)));
  }
}
