import { createHash } from "node:crypto";
import { beforeEach, describe, expect, it } from "vitest";
import { openLocal } from "../../provider/appliance/local/local.ts";
import { device, kuidOf } from "../appliance/devices.ts";
import { newFolder } from "../appliance/local/folders.ts";
import { kaceIn } from "./local-kace.ts";

const machineId = createHash("sha256").update("a machine").digest("hex");
const [ONE, TWO, OLD, NEW, ALONE] = [1, 2, 3, 4, 5].map(kuidOf);
const SEEN = "2027-03-01T10:00:00.000Z";

let folder: string;

/** Two machines have one name; another one has enrolled twice; one has its name alone. */
beforeEach(async () => {
  folder = newFolder();
  const devices = [
    [1, SEEN, { hostname: "twin.corp.example" }],
    [2, SEEN, { hostname: "twin.plant.example" }],
    [3, SEEN, { hostname: "anew", machineId }],
    [4, "2027-03-01T12:00:00.000Z", { hostname: "anew", machineId }],
    [5, SEEN, { hostname: "alone.corp.example" }],
  ] as const;
  for (const [number, moment, more] of devices) {
    const appliance = await openLocal({ folder, now: () => Date.parse(moment) });
    await appliance.enrolDevice(device(number, more));
    await appliance.setDeviceState({ kuid: kuidOf(number), state: "approved" });
    await appliance.close();
  }
  const appliance = await openLocal({ folder });
  await appliance.saveLabel({ name: "office", machines: [] });
  await appliance.close();
});

/** What the list of the policy or the label is after machines were put into it. */
async function listed(...machines: readonly string[]): Promise<readonly unknown[]> {
  const set = await kaceIn(folder, "--json", "policy", "set", "--machine", ...machines);
  expect(set.exitCode, set.err).toBe(0);
  const apply = await kaceIn(folder, "labels", "apply", "office", ...machines);
  expect(apply.exitCode, apply.err).toBe(0);
  const appliance = await openLocal({ folder });
  const { id } = (await appliance.findLabelByName({ name: "office" })) ?? { id: "" };
  const { machines: ofLabel } = await appliance.getLabel({ id });
  await appliance.close();
  expect(ofLabel).toEqual(JSON.parse(set.out).given.machines);
  return ofLabel ?? [];
}

describe("a machine that is put into a label or an update policy", () => {
  it.each([
    ["policy", "set", "--machine", "twin"],
    ["policy", "set", "--machine", "alone", "TWIN"],
    ["labels", "apply", "office", "twin"],
  ])("is refused by a name that two have, with who they are: kace %s %s %s %s", async (...words) => {
    const { exitCode, out, err } = await kaceIn(folder, ...words);
    expect({ exitCode, out }).toEqual({ exitCode: 2, out: "" });
    expect(err.toLowerCase()).toBe(
      `kace: 2 devices are called twin\n  say which one by its kuid: ${ONE} (last seen ${SEEN.toLowerCase()}), ${TWO} (last seen ${SEEN.toLowerCase()})`,
    );
  });

  it.each([
    ["as it was named", "alone", "alone"],
    ["as it was named, whole", "Twin.corp.example", "Twin.corp.example"],
    ["as it was named, before it has enrolled", "later", "later"],
    ["by the KUID that it was named by", TWO ?? "", TWO],
    ["by the KUID of the device that has taken the other's place", "anew", NEW],
    ["so too where a domain is said that it does not say itself", "anew.corp.example", NEW],
    ["by the KUID of the one that was replaced, where that is said", OLD ?? "", OLD],
    ["by the KUID of the device that has an address", "10.0.0.5", ALONE],
  ])("is kept %s", async (_how, said, kept) => {
    expect(await listed(said)).toEqual([kept]);
  });

  it.each([
    ["policy", "set", "--machine", "10.9.9.9"],
    ["labels", "apply", "office", "10.9.9.9"],
  ])("is refused by an address that no approved device has: kace %s %s %s %s", async (...words) => {
    expect(await kaceIn(folder, ...words)).toMatchObject({
      exitCode: 2,
      err: "kace: no approved device has the address 10.9.9.9\n  name the machine by its host name or its KUID",
    });
  });

  it("is taken out by an address that it has", async () => {
    await listed("alone");
    expect((await kaceIn(folder, "labels", "remove", "office", "10.0.0.5")).err).toBe("took 1 out of office");
  });

  it("is said to be in no label that it is to be taken out of, with exit code 2, and others are taken out", async () => {
    await listed("alone");
    expect(await kaceIn(folder, "labels", "remove", "office", "host42", "10.9.9.9", "alone")).toMatchObject({
      exitCode: 2,
      err: "took 1 out of office\nnot in office: host42, 10.9.9.9; `kace labels members office` shows what is",
    });
  });

  it("is taken out by whatever name it has", async () => {
    await listed("anew", "alone");
    expect((await kaceIn(folder, "labels", "remove", "office", "anew", "alone")).err).toBe("took 2 out of office");
  });
});
