import { expect, it } from "vitest";
import { openLocal } from "../../provider/appliance/local/local.ts";
import { device, kuidOf } from "../appliance/devices.ts";
import { Project } from "../e2e/project.ts";
import { KACE } from "./kace-plugin.ts";

/** A configuration whose machine nobody looks at. */
function configuration(address: string, properties: object) {
  return {
    type: "kace:ProvisioningConfig",
    properties: {
      enabled: false,
      state: "removed",
      targets: { ips: [address] },
      server: { name: "kbox.example" },
      linux: { password: { "fn::secret": "correct-horse" } },
      ...properties,
    },
  };
}

it("a destroy leaves the devices in the inventory, and takes its own where removeDevices says so", {
  timeout: 600_000,
}, async () => {
  const resources = {
    keeps: configuration("127.0.0.2", {}),
    forgets: configuration("127.0.0.3", { removeDevices: true }),
  };
  const project = await Project.yaml({ resources }, { plugin: KACE, secrets: ["correct-horse"] });
  await project.up();
  const ids = { keeps: await project.recordedAs("keeps"), forgets: await project.recordedAs("forgets") };

  // What a run would have found on the machines; the third belongs to nobody.
  const appliance = await openLocal({ folder: project.world });
  try {
    for (const number of [1, 2, 3]) await appliance.enrolDevice(device(number));
    for (const [number, machine, { id = "" }] of [
      [1, "127.0.0.2", ids.keeps],
      [2, "127.0.0.3", ids.forgets],
    ] as const) {
      const { runId } = await appliance.startRun({ configurationId: id, kind: "up", total: 1, holder: "a test" });
      const result = { action: "none", class: "unchanged", code: "unchanged", message: "right" } as const;
      const outcome = { machine, target: machine, ...result, durationMs: 1, kuid: kuidOf(number) };
      await appliance.recordOutcomes({ runId, outcomes: [outcome] });
      const none = { succeeded: 0, removed: 0, absent: 0, unreachable: 0, failed: 0, notAttempted: 0 };
      await appliance.finishRun({ runId, summary: { total: 1, unchanged: 1, percentSucceeded: 100, ...none } });
    }
    const known = async () => (await appliance.findDevices({})).devices.map(({ kuid }) => kuid).sort();
    expect(await known()).toEqual([1, 2, 3].map(kuidOf).sort());

    await project.succeed(["destroy", "--yes", "--skip-preview"]);
    expect(await known()).toEqual([1, 3].map(kuidOf).sort());
    expect((await appliance.listOutcomes({})).outcomes).toEqual([]);
    expect((await appliance.listConfigurations({})).configurations).toEqual([]);
  } finally {
    await appliance.close();
  }
});
