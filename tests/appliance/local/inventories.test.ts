import { randomUUID } from "node:crypto";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { zstdCompressSync } from "node:zlib";
import { describe, expect, it } from "vitest";
import type { Appliance } from "../../../provider/appliance/appliance.ts";
import { migrations } from "../../../provider/appliance/local/migrations.ts";
import { newFolder, openedIn } from "./folders.ts";

const os = { platform: "linux", id: "debian", version: "12", name: "Debian GNU/Linux 12", architecture: "amd64" };

/** Of a host with so many interfaces; each has an address and a MAC address. */
function inventoryOf(hostname: string, interfaces: number) {
  const numbers = Array.from({ length: interfaces }, (_, index) => index);
  return {
    collectedAt: "2027-03-01T08:00:00Z",
    hostname,
    os,
    agentVersion: "1.2.3",
    addresses: numbers.map((number) => `10.0.${Math.floor(number / 250)}.${1 + (number % 250)}`),
    macs: numbers.map((number) => `02:00:00:00:00:${number.toString(16).padStart(2, "0").slice(-2)}`),
    memoryBytes: 8_000_000_000,
    cpus: 4,
    uptimeSeconds: 3.5,
  };
}

async function enrolled(appliance: Appliance, hostname: string): Promise<string> {
  const kuid = randomUUID();
  const { value: token } = await appliance.createToken({ name: `for ${hostname}` });
  const hello = { hostname, agentVersion: "1.2.3", flavour: "reference", os, machineId: "", addresses: [], macs: [] };
  await appliance.enrolDevice({ kuid, publicKey: "A".repeat(43), token, ...hello });
  return kuid;
}

/** A device as databases had it before version 15, approved; its inventory goes into the place of its version. */
function deviceOfBefore(folder: string, hostname: string): string {
  const kuid = randomUUID();
  const hello = { agentVersion: "1.2.3", flavour: "reference", os, machineId: "m", addresses: ["10.9.9.9"], macs: [] };
  const database = new DatabaseSync(join(folder, "appliance.db"));
  database
    .prepare(
      `INSERT INTO devices
          (kuid, organization, public_key, state, hostname, full_name, short_name, hello, last_seen_at, enrolled_at)
        VALUES (?, 'default', ?, 'approved', ?, ?, ?, ?, 1, 1)`,
    )
    .run(kuid, "A".repeat(43), hostname, hostname, hostname, JSON.stringify(hello));
  database.close();
  return kuid;
}

function rowsOf(folder: string, sql: string) {
  const database = new DatabaseSync(join(folder, "appliance.db"));
  try {
    return database.prepare(sql).all();
  } finally {
    database.close();
  }
}

async function havingAddress(appliance: Appliance, value: string) {
  const filter = { all: [{ property: "address" as const, operator: "equals" as const, value }] };
  const { id } = await appliance.saveLabel({ name: randomUUID(), filter });
  return (await appliance.listLabelMembers({ id })).members;
}

describe("inventories in a local appliance", () => {
  it("are compressed, and given back as they came", async () => {
    const folder = newFolder();
    const appliance = await openedIn(folder);
    const kuid = await enrolled(appliance, "host");
    const inventory = inventoryOf("host", 500);
    await appliance.recordInventory({ kuid, inventory: JSON.stringify(inventory) });
    expect((await appliance.getDevice({ kuid })).inventory).toEqual(inventory);
    const [row] = rowsOf(
      folder,
      "SELECT packed || CAST(content AS TEXT) AS kept, length(content) AS bytes FROM inventories",
    );
    expect(String(row?.kept)).not.toContain("10.0.0.1");
    expect(Number(row?.bytes)).toBeLessThan(JSON.stringify(inventory).length / 2);
  });

  it("are left out where they are not asked for", async () => {
    const appliance = await openedIn(newFolder());
    const kuid = await enrolled(appliance, "host");
    const inventory = inventoryOf("host", 1);
    await appliance.recordInventory({ kuid, inventory: JSON.stringify(inventory) });
    const [without] = (await appliance.findDevices({ kuids: [kuid] })).devices;
    expect(without).toMatchObject({ kuid, inventoryAt: expect.any(String) });
    expect(without?.inventory).toBeUndefined();
    expect((await appliance.findDevices({ kuids: [kuid], inventories: true })).devices[0]?.inventory).toEqual(
      inventory,
    );
  });

  it("are asked by filters for every address, however many there are", async () => {
    const appliance = await openedIn(newFolder());
    const kuids = [await enrolled(appliance, "many"), await enrolled(appliance, "few")];
    const [many = "", few = ""] = kuids;
    await appliance.recordInventory({ kuid: many, inventory: JSON.stringify(inventoryOf("many", 400)) });
    await appliance.recordInventory({ kuid: few, inventory: JSON.stringify(inventoryOf("few", 2)) });
    const meant = async (property: "address" | "mac", value: string) => {
      const filter = { all: [{ property, operator: "equals" as const, value }] };
      const { id } = await appliance.saveLabel({ name: `${property} ${value}`, filter });
      const { members } = await appliance.listLabelMembers({ id });
      return members.map(({ hostname, address }) => ({ hostname, address }));
    };
    expect(await meant("address", "10.0.1.150")).toEqual([{ hostname: "many", address: "10.0.0.1" }]);
    expect(await meant("mac", "02:00:00:00:00:63")).toEqual([{ hostname: "many", address: "10.0.0.1" }]);
    expect(await meant("address", "10.0.0.2")).toHaveLength(2);
  });

  it("go with their device", async () => {
    const folder = newFolder();
    const appliance = await openedIn(folder);
    const kuid = await enrolled(appliance, "host");
    await appliance.recordInventory({ kuid, inventory: JSON.stringify(inventoryOf("host", 3)) });
    await appliance.deleteDevice({ kuid });
    expect(rowsOf(folder, "SELECT kuid FROM inventories")).toEqual([]);
  });

  it("are kept by the migration that compresses them", async () => {
    const folder = newFolder();
    const before = await openedIn(folder, { migrations: migrations.filter(({ number }) => number < 11) });
    await before.close();
    const kuid = deviceOfBefore(folder, "host");
    const inventory = inventoryOf("host", 20);
    const database = new DatabaseSync(join(folder, "appliance.db"));
    database
      .prepare("UPDATE devices SET inventory = ?, inventory_at = ? WHERE kuid = ?")
      .run(JSON.stringify(inventory), Date.parse("2027-03-01T08:00:00Z"), kuid);
    database.close();
    const appliance = await openedIn(folder);
    expect((await appliance.getDevice({ kuid })).inventory).toEqual(inventory);
    expect(await havingAddress(appliance, "10.0.0.20")).toMatchObject([{ kuid, address: "10.0.0.1" }]);
  });

  it("are kept by the migration that keeps them as bytes, whether they were text or JSON", async () => {
    const folder = newFolder();
    const before = await openedIn(folder, { migrations: migrations.filter(({ number }) => number < 14) });
    await before.close();
    const kuids = [deviceOfBefore(folder, "many"), deviceOfBefore(folder, "few")];
    const inventories = [inventoryOf("many", 400), inventoryOf("few", 2)];
    const database = new DatabaseSync(join(folder, "appliance.db"));
    const [many, few] = inventories.map((inventory, index) => {
      const { hostname, agentVersion, os, addresses, macs } = inventory;
      const some = { addresses: addresses.slice(0, 16), macs: macs.slice(0, 16) };
      const facts = { hostname, agentVersion, os, ...some, ...(addresses.length > 16 && { isPart: true }) };
      const json = JSON.stringify(inventory);
      const packed = index === 0 ? `zstd:${zstdCompressSync(json).toString("base64")}` : json;
      database
        .prepare("INSERT INTO inventories (kuid, facts, packed) VALUES (?, ?, ?)")
        .run(kuids[index] ?? "", JSON.stringify(facts), packed);
      return inventory;
    });
    database.close();
    const appliance = await openedIn(folder);
    const [manyKuid = "", fewKuid = ""] = kuids;
    expect((await appliance.getDevice({ kuid: manyKuid })).inventory).toEqual(many);
    expect((await appliance.getDevice({ kuid: fewKuid })).inventory).toEqual(few);
    expect(await havingAddress(appliance, "10.0.1.150")).toMatchObject([{ kuid: manyKuid, address: "10.0.0.1" }]);
    expect(await havingAddress(appliance, "10.0.0.2")).toHaveLength(2);
    await appliance.recordInventory({ kuid: manyKuid, inventory: JSON.stringify(inventoryOf("many", 1)) });
    expect(await havingAddress(appliance, "10.0.1.150")).toEqual([]);
    expect((await appliance.getDevice({ kuid: manyKuid })).inventory?.addresses).toEqual(["10.0.0.1"]);
  });

  it("and what devices said of themselves mean the same to filters after the migration to columns", async () => {
    const folder = newFolder();
    const before = await openedIn(folder, { migrations: migrations.filter(({ number }) => number < 15) });
    await before.close();
    const [reporting, silent, none] = ["reporting", "silent", "none"].map((name) => deviceOfBefore(folder, name));
    const database = new DatabaseSync(join(folder, "appliance.db"));
    const facts = database.prepare("INSERT INTO device_facts (kuid, facts) VALUES (?, ?)");
    const newer = {
      hostname: "renamed.example",
      agentVersion: "2.0",
      os: { ...os, id: "ubuntu" },
      address: "10.0.0.1",
    };
    facts.run(reporting ?? "", JSON.stringify(newer));
    facts.run(none ?? "", JSON.stringify({ ...newer, hostname: "none", address: undefined }));
    database
      .prepare("INSERT INTO device_addresses (kuid, addresses) VALUES (?, ?)")
      .run(reporting ?? "", JSON.stringify({ addresses: ["10.0.0.1"], macs: [] }));
    database.close();
    const appliance = await openedIn(folder);
    expect(await appliance.getDevice({ kuid: silent ?? "" })).toMatchObject({
      ...{ hostname: "silent", agentVersion: "1.2.3", flavour: "reference", os },
      ...{ machineId: "m", addresses: ["10.9.9.9"], macs: [] },
    });
    // It says with its hello who it is, and with its inventory what filters go by.
    expect(await appliance.getDevice({ kuid: reporting ?? "" })).toMatchObject({ agentVersion: "1.2.3", os });
    const meant = async (property: "hostname" | "os.id" | "agentVersion", value: string) => {
      const filter = { all: [{ property, operator: "equals" as const, value }] };
      const { id } = await appliance.saveLabel({ name: `${property} ${value}`, filter });
      const { members } = await appliance.listLabelMembers({ id });
      return members.map(({ hostname, address }) => `${hostname} ${address}`).sort();
    };
    expect(await meant("os.id", "ubuntu")).toEqual(["none undefined", "reporting 10.0.0.1"]);
    expect(await meant("os.id", "debian")).toEqual(["silent 10.9.9.9"]);
    expect(await meant("agentVersion", "1.2.3")).toEqual(["silent 10.9.9.9"]);
    expect(await meant("hostname", "renamed")).toEqual(["reporting 10.0.0.1"]);
  });
});
