import { createHash } from "node:crypto";
import { beforeEach, describe, expect, it } from "vitest";
import { openLocal } from "../../../provider/appliance/local/local.ts";
import { inventoryMachines } from "../../../provider/functions/inventory-machines.ts";
import { device, kuidOf } from "../devices.ts";
import { newFolder } from "./folders.ts";

const machineId = createHash("sha256").update("a machine").digest("hex");
const [OLD, NEW, OTHER, WAITING] = [1, 2, 3, 4].map(kuidOf);

let folder: string;

const at = (hour: number) => openLocal({ folder, now: () => Date.parse(`2027-03-01T${hour}:00:00Z`) });

/** A machine enrols at ten and anew at noon, another one at noon; the agent of that one is installed again, and waits. */
beforeEach(async () => {
  folder = newFolder();
  const other = { hostname: "db", machineId: "other" };
  for (const [number, hour, more, state] of [
    [1, 10, { hostname: "web", machineId }, "approved"],
    [2, 12, { hostname: "web", machineId }, "approved"],
    [3, 12, other, "approved"],
    [4, 13, other, "quarantined"],
  ] as const) {
    const appliance = await at(hour);
    await appliance.enrolDevice(device(number, more));
    if (state !== "quarantined") await appliance.setDeviceState({ kuid: kuidOf(number), state });
    await appliance.close();
  }
});

describe("a device that a newer identity of its machine has replaced", () => {
  it("has no label, by hand or by filter, and is counted in none", async () => {
    const appliance = await at(14);
    const listed = await appliance.saveLabel({ name: "by hand", machines: ["web", "db", OLD ?? ""] });
    const all = { all: [{ property: "os.platform", operator: "equals", value: "linux" } as const] };
    const filtered = await appliance.saveLabel({ name: "linux", filter: all });
    const members = async (id: string) => {
      const found = await appliance.listLabelMembers({ id });
      return [found.members.map(({ kuid }) => kuid), found.pending];
    };
    expect(await members(listed.id)).toEqual([[NEW, OTHER], [OLD]]);
    expect(await members(filtered.id)).toEqual([[NEW, OTHER], []]);
    expect((await appliance.listLabels({})).labels.map((label) => [label.members, label.pending])).toEqual([
      [2, 1],
      [2, 0],
    ]);
    await appliance.close();
  });

  it("is taken out of a label by the name of its machine, and keeps nobody of that name out of it", async () => {
    const appliance = await at(14);
    const { id } = await appliance.saveLabel({ name: "by hand", machines: [OLD ?? ""] });
    expect(await appliance.changeLabelMachines({ id, add: ["web"], remove: [] })).toEqual({ added: 1, removed: 0 });
    expect(await appliance.changeLabelMachines({ id, add: [], remove: ["web"] })).toEqual({ added: 0, removed: 2 });
    await appliance.close();
  });

  it("is no machine of an update policy, nor in what is warned of it", async () => {
    const appliance = await at(14);
    for (const changes of [{ allMachines: true }, { machines: ["web", "db"] }]) {
      const { machines, counts } = await appliance.planUpdates({ changes });
      expect(machines.map(({ kuid }) => kuid)).toEqual([NEW, OTHER]);
      expect(counts).toMatchObject({ total: 2, meant: 2 });
    }
    await appliance.close();
  });

  it("is not expected to check in, and is none of the machines to pick", async () => {
    const appliance = await at(14);
    expect(await appliance.checkInLoad({})).toMatchObject({ devices: 2 });
    expect((await inventoryMachines(appliance, undefined)).map(({ kuid }) => kuid)).toEqual([NEW, OTHER]);
    await appliance.close();
  });

  it("need not trust the next authority", async () => {
    const appliance = await at(14);
    const { count, approved, devices } = await appliance.listDistrustingDevices({ sha256: "0".repeat(64) });
    expect({ count, approved, kuids: devices.map(({ kuid }) => kuid) }).toEqual({
      count: 2,
      approved: 2,
      kuids: [NEW, OTHER],
    });
    await appliance.close();
  });

  it("is a machine until the newer identity is approved, and again when its agent comes back", async () => {
    const approved = await at(14);
    await approved.setDeviceState({ kuid: WAITING ?? "", state: "approved" });
    expect((await approved.planUpdates({ changes: { allMachines: true } })).counts.total).toBe(2);
    await approved.enrolDevice(device(3, { hostname: "db", machineId: "other" }));
    expect((await approved.planUpdates({ changes: { allMachines: true } })).counts.total).toBe(3);
    await approved.close();
  });
});
