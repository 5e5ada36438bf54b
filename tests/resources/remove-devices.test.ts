import { expect, it } from "vitest";
import type { NewOutcome } from "../../provider/appliance/operations/outcomes.ts";
import { devicesOf, removeDevices } from "../../provider/resources/provisioning/remove-devices.ts";
import type { Results } from "../../provider/rollout/results.ts";
import { device, kuidOf } from "../appliance/devices.ts";
import { newFolder, openedIn } from "../appliance/local/folders.ts";

const outcome = (machine: string, number: number | undefined, more: Partial<NewOutcome> = {}): NewOutcome => ({
  machine,
  target: machine,
  action: "none",
  class: "unchanged",
  code: "unchanged",
  message: "right",
  durationMs: 1,
  ...(number !== undefined && { kuid: kuidOf(number) }),
  ...more,
});

async function site() {
  const appliance = await openedIn(newFolder());
  for (const number of [1, 2, 3, 4, 5]) await appliance.enrolDevice(device(number));
  await appliance.saveConfiguration({ id: "config-1", name: "fleet", description: { targets: "web[1-4]" } });
  const { runId } = await appliance.startRun({ configurationId: "config-1", kind: "up", total: 4, holder: "a test" });
  await appliance.recordOutcomes({
    runId,
    outcomes: [
      outcome("web1", 1),
      outcome("web2", undefined, { class: "unreachable", code: "port-closed" }),
      outcome("web3", 3, { class: "failed", code: "claimed" }),
      outcome("web4", 4, { class: "failed", code: "not-connected" }),
    ],
  });
  return appliance;
}

const recorded: Results = {
  web1: { action: "none", class: "unchanged", code: "unchanged", identity: kuidOf(1) },
  // The state still knows it, though the last run could not look at it.
  web2: { action: "none", class: "unchanged", code: "unchanged", identity: kuidOf(2) },
  web3: { action: "none", class: "failed", code: "claimed", identity: kuidOf(3) },
};

it("the devices of a configuration are those of its own machines, each once", async () => {
  const appliance = await site();
  expect((await devicesOf("config-1", recorded, appliance)).sort()).toEqual([1, 2, 4].map(kuidOf));
});

it("removing them leaves the devices of others, and may be repeated", async () => {
  const appliance = await site();
  const devices = await devicesOf("config-1", recorded, appliance);
  await removeDevices(devices, appliance);
  await removeDevices(devices, appliance);
  const { devices: left } = await appliance.findDevices({});
  expect(left.map(({ kuid }) => kuid).sort()).toEqual([3, 5].map(kuidOf));
});
