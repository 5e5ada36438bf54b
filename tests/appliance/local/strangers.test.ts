import { createHash } from "node:crypto";
import { describe, expect, it } from "vitest";
import type { LocalAppliance } from "../../../provider/appliance/local/local.ts";
import { thisProcess } from "../../../provider/appliance/local/process-identity.ts";
import { newFolder, openedIn } from "./folders.ts";

const LIMIT = 5;

const kuidOf = (number: number) => `00000000-0000-4000-8000-${String(number).padStart(12, "0")}`;

function come(appliance: LocalAppliance, number: number, token?: string) {
  return appliance.enrolDevice({
    kuid: kuidOf(number),
    publicKey: createHash("sha256").update(`key ${number}`).digest("base64url"),
    hostname: `stranger${number}`,
    agentVersion: "1.4.2",
    flavour: "reference",
    os: { platform: "linux", id: "debian", version: "12", name: "Debian", architecture: "amd64" },
    machineId: "",
    addresses: [],
    macs: [],
    ...(token !== undefined && { token }),
  });
}

/** An appliance with a small quarantine, whose clock goes on by a second with every operation. */
async function withSmallQuarantine() {
  let now = Date.parse("2027-03-01T08:00:00Z");
  const appliance = await openedIn(newFolder(), {
    now: () => {
      now += 1_000;
      return now;
    },
    quarantineLimit: LIMIT,
  });
  const waiting = async () =>
    (await appliance.listQuarantine({ limit: 100 })).devices
      .map(({ kuid }) => Number(kuid.slice(-3)))
      .sort((a, b) => a - b);
  return { appliance, waiting };
}

describe("a quarantine that is full", () => {
  it("forgets the strangers that came first, and tells servers of it", async () => {
    const { appliance, waiting } = await withSmallQuarantine();
    for (let number = 1; number <= LIMIT; number++)
      expect(await come(appliance, number)).not.toHaveProperty("forgotten");
    const { sequence } = await appliance.changesSince({});
    expect(await come(appliance, 6)).toMatchObject({ state: "quarantined", forgotten: 1 });
    expect(await waiting()).toEqual([2, 3, 4, 5, 6]);
    expect((await appliance.changesSince({ sequence })).changes).toContainEqual({ change: "deleted", kuid: kuidOf(1) });
    const { entries } = await appliance.listHistory({ subject: "quarantine" });
    expect(entries).toMatchObject([{ changes: [{ property: "devices", from: 6, to: 5 }] }]);
    // One that is known already is no newcomer.
    expect(await come(appliance, 3)).not.toHaveProperty("forgotten");
  });

  it("keeps who is connected, was put there by a person, or enrolled with a token", async () => {
    const { appliance, waiting } = await withSmallQuarantine();
    await appliance.publishServer({
      instanceId: "one",
      name: "kbox.example",
      port: 8443,
      canonicalNames: ["kbox.example"],
      version: "1.0.0",
      process: thisProcess(),
    });
    for (let number = 1; number <= 3; number++) await come(appliance, number);
    await appliance.deviceConnected({ kuid: kuidOf(1), connectionId: "c", instanceId: "one" });
    await appliance.setDeviceState({ kuid: kuidOf(2), state: "blocked" });
    await appliance.setDeviceState({ kuid: kuidOf(2), state: "quarantined" });
    const { value } = await appliance.createToken({ name: "t" });
    await come(appliance, 3, value);
    await appliance.setDeviceState({ kuid: kuidOf(3), state: "quarantined" });
    for (let number = 4; number <= 9; number++) await come(appliance, number);
    expect(await waiting()).toEqual([1, 2, 3, 8, 9]);
    await appliance.withdrawServer({ instanceId: "one" });
    await come(appliance, 10);
    expect(await waiting()).toEqual([2, 3, 8, 9, 10]);
  });
});
