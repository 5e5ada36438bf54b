import { beforeEach, describe, expect, it } from "vitest";
import type { Appliance, Input } from "../../provider/appliance/appliance.ts";
import { INVENTORIES_A_PAGE } from "../../provider/appliance/operations/devices.ts";
import { device, kuidOf, refusal } from "./devices.ts";
import type { Subject } from "./subject.ts";

/** What every appliance does with devices: part of the contract. */
export function devicesContract(opened: () => Subject): void {
  describe("devices", () => {
    let appliance: Appliance;
    beforeEach(() => {
      appliance = opened().appliance;
    });

    it("approves a new device with a valid token, and counts the use", async () => {
      const token = await appliance.createToken({ name: "t", useLimit: 1 });
      expect(await appliance.enrolDevice(device(1, { token: token.value }))).toEqual({
        state: "approved",
        organization: "default",
        approvedNow: true,
      });
      expect(await appliance.enrolDevice(device(1, { token: token.value }))).toMatchObject({ approvedNow: false });
      expect((await appliance.tokenUses({ id: token.id })).uses).toEqual([
        { kuid: kuidOf(1), hostname: "web1.corp.example", usedAt: "2027-03-01T08:00:00.000Z" },
      ]);
      expect((await appliance.getToken({ id: token.id })).useCount).toBe(1);
      expect(await appliance.getDevice({ kuid: kuidOf(1) })).toMatchObject({ state: "approved", tokenId: token.id });
    });

    it("counts a limit of uses exactly, however many enrol at once", async () => {
      const token = await appliance.createToken({ name: "t", useLimit: 3 });
      const answers = await Promise.all(
        Array.from({ length: 10 }, (_, index) => appliance.enrolDevice(device(index, { token: token.value }))),
      );
      expect(answers.filter(({ state }) => state === "approved")).toHaveLength(3);
      expect(answers.filter(({ reason }) => reason === "token-exhausted")).toHaveLength(7);
      expect((await appliance.getToken({ id: token.id })).useCount).toBe(3);
    });

    it.each([
      ["no token", "no-token", async () => undefined],
      ["a token nobody made", "token-unknown", async () => "made-up-value"],
      [
        "an expired token",
        "token-expired",
        async () => {
          const { id, value } = await appliance.createToken({ name: "t" });
          await appliance.updateToken({ id, expiresAt: "2027-01-01T00:00:00Z" });
          return value;
        },
      ],
      [
        "a disabled token",
        "token-disabled",
        async () => (await appliance.createToken({ name: "t", enabled: false })).value,
      ],
    ])("puts a device with %s into quarantine", async (_, reason, tokenOf) => {
      const token = await tokenOf();
      const answer = await appliance.enrolDevice(device(1, token === undefined ? {} : { token }));
      expect(answer).toMatchObject({ state: "quarantined", reason, approvedNow: false });
      expect((await appliance.listQuarantine({})).devices).toEqual([
        expect.objectContaining({ kuid: kuidOf(1), reason }),
      ]);
      const { code } = await refusal(
        appliance.recordInventory({ kuid: kuidOf(1), inventory: JSON.stringify({ ...inventory, hostname: "web1" }) }),
      );
      expect(code).toBe("permission-denied");
      const good = await appliance.createToken({ name: "good" });
      expect(await appliance.enrolDevice(device(1, { token: good.value }))).toMatchObject({ state: "approved" });
    });

    const inventory = {
      collectedAt: "2027-03-01T08:00:00.000Z",
      hostname: "web1",
      os: { platform: "linux", id: "debian", version: "12", name: "Debian", architecture: "amd64" },
      agentVersion: "1.4.2",
      addresses: ["10.0.0.1"],
      macs: [],
      memoryBytes: 2_147_483_648,
      uptimeSeconds: 12.5,
    };

    it("blocks, approves and puts back, and a block outlives a valid token", async () => {
      const token = await appliance.createToken({ name: "t" });
      await appliance.enrolDevice(device(1));
      const kuid = kuidOf(1);
      expect(await appliance.setDeviceState({ kuid, state: "blocked" })).toMatchObject({ reason: "blocked" });
      expect(await appliance.enrolDevice(device(1, { token: token.value }))).toMatchObject({ state: "blocked" });
      expect((await appliance.getToken({ id: token.id })).useCount).toBe(0);
      expect(await appliance.setDeviceState({ kuid, state: "approved" })).toEqual({ kuid, state: "approved" });
      await appliance.recordInventory({ kuid, inventory: JSON.stringify(inventory) });
      expect(await appliance.getDevice({ kuid })).toMatchObject({ state: "approved", inventory });
      const back = await appliance.setDeviceState({ kuid, state: "quarantined" });
      expect(back.reason).toBe("awaiting-approval");
      expect(await appliance.enrolDevice(device(1))).toMatchObject({ reason: "awaiting-approval" });
    });

    it("refuses a known device that comes with another key", async () => {
      await appliance.enrolDevice(device(1));
      const other = appliance.enrolDevice(device(1, { publicKey: device(2).publicKey }));
      expect((await refusal(other)).code).toBe("conflict");
    });

    it("tells every change of standing by sequence, deletions included", async () => {
      const { sequence } = await appliance.changesSince({});
      await appliance.enrolDevice(device(1));
      await appliance.enrolDevice(device(1));
      await appliance.setDeviceState({ kuid: kuidOf(1), state: "approved" });
      await appliance.deleteDevice({ kuid: kuidOf(1) });
      const { changes, sequence: now, complete } = await appliance.changesSince({ sequence });
      expect(complete).toBe(true);
      expect(changes).toEqual([
        { change: "standing", kuid: kuidOf(1), state: "quarantined", reason: "no-token" },
        { change: "standing", kuid: kuidOf(1), state: "approved" },
        { change: "deleted", kuid: kuidOf(1) },
      ]);
      expect(await appliance.changesSince({ sequence: now })).toEqual({ sequence: now, complete: true, changes: [] });
      expect((await appliance.changesSince({ sequence: now + 5 })).complete).toBe(false);
    });

    it("finds devices by identity, state, and host name with or without domain", async () => {
      await appliance.enrolDevice(device(1));
      await appliance.enrolDevice(device(2, { hostname: "WEB2" }));
      await appliance.enrolDevice(device(3, { hostname: "web1.other.example" }));
      await appliance.setDeviceState({ kuid: kuidOf(2), state: "approved" });
      const found = async (query: Input<"findDevices">) =>
        (await appliance.findDevices(query)).devices.map(({ kuid }) => Number(kuid.slice(-2)));
      expect(await found({})).toEqual([1, 2, 3]);
      expect(await found({ kuids: [kuidOf(3), kuidOf(9)] })).toEqual([3]);
      expect(await found({ kuids: [] })).toEqual([]);
      expect(await found({ states: ["approved"] })).toEqual([2]);
      expect(await found({ names: ["web1.CORP.example"] })).toEqual([1]);
      expect(await found({ names: ["web1"] })).toEqual([1, 3]);
      expect(await found({ names: ["web2.corp.example"] })).toEqual([2]);
      const { devices } = await appliance.deviceStates({ kuids: [kuidOf(2), kuidOf(9)] });
      expect(devices).toEqual([{ kuid: kuidOf(2), state: "approved", connected: false }]);
    });

    it("gives devices with their inventories where these are asked for, few in a page and none left out", async () => {
      const numbers = Array.from({ length: INVENTORIES_A_PAGE + 3 }, (_, index) => index + 1);
      for (const number of numbers) await appliance.enrolDevice(device(number));
      await appliance.setDeviceState({ kuid: kuidOf(2), state: "approved" });
      const addresses = ["10.0.7.7", "10.0.7.8"];
      await appliance.recordInventory({ kuid: kuidOf(2), inventory: JSON.stringify({ ...inventory, addresses }) });
      const without = await appliance.findDevices({ limit: 1_000 });
      expect(without.devices).toHaveLength(numbers.length);
      expect(without.next).toBeUndefined();
      expect(without.devices.flatMap((found) => found.inventory ?? [])).toEqual([]);
      expect(without.devices[0]).toMatchObject({ kuid: kuidOf(1), address: "10.0.0.1" });
      expect(without.devices[1]).toMatchObject({ addresses: ["10.0.0.2"], address: "10.0.7.7" });
      const first = await appliance.findDevices({ limit: 1_000, inventories: true });
      expect(first.devices).toHaveLength(INVENTORIES_A_PAGE);
      expect(first.devices[1]?.inventory).toEqual({ ...inventory, addresses });
      const second = await appliance.findDevices({ limit: 1_000, inventories: true, after: first.next });
      expect(second.next).toBeUndefined();
      expect([...first.devices, ...second.devices].map(({ kuid }) => kuid)).toEqual(numbers.map(kuidOf));
      expect((await appliance.findDevices({ limit: 2, inventories: true })).devices).toHaveLength(2);
    });
  });
}
