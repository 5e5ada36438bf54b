import { zstdDecompressSync } from "node:zlib";
import { ApplianceError } from "../errors.ts";
import type { Inventory } from "../operations/devices.ts";
import { fixed } from "./fixed-query.ts";
import { Packing } from "./packing.ts";
import { build } from "./query.ts";
import type { Transaction } from "./transaction.ts";

/** So many addresses are beside a packed inventory: most machines have fewer, and nothing is unpacked to filter those. */
const ADDRESSES_BESIDE = 8;

/** How an inventory of before begins that was kept as text; one from before there was packing is JSON itself. */
const PACKED_AS_TEXT = "zstd:";

/** The addresses beside a packed inventory; `isPart` where it has more than are here. */
export interface InventoryAddresses extends Pick<Inventory, "addresses" | "macs"> {
  readonly isPart?: boolean;
}

/** An inventory as the database keeps it. */
export interface PackedInventory {
  readonly packed: string;
  readonly content: Uint8Array | null;
}

/** What of an inventory is with its device, as filters ask for it. */
interface Reported {
  readonly hostname: string;
  /** The first one. */
  readonly address: string | null;
  readonly agent: string;
}

/** An inventory made ready to be kept: nothing of it is held any more but these. */
export interface ReadyInventory {
  readonly content: Uint8Array;
  readonly reported: Reported;
  readonly addresses: string;
}

const packing = new Packing();

/** Makes an inventory ready to be kept, before the transaction that keeps it. */
export function readyInventory(inventory: Inventory): Promise<ReadyInventory> {
  const reported = reportedBy(inventory);
  const addresses = JSON.stringify(addressesBeside(inventory));
  return beside(packing.pack(JSON.stringify(inventory)), reported, addresses);
}

async function beside(packed: Promise<Uint8Array>, reported: Reported, addresses: string): Promise<ReadyInventory> {
  return { content: await packed, reported, addresses };
}

/** The JSON of an inventory. @throws ApplianceError `corrupt` */
export function unpackInventory({ packed, content }: PackedInventory, what: string): string {
  if (content === null && !packed.startsWith(PACKED_AS_TEXT)) return packed;
  try {
    return zstdDecompressSync(content ?? Buffer.from(packed.slice(PACKED_AS_TEXT.length), "base64")).toString();
  } catch (cause) {
    throw new ApplianceError({ code: "corrupt", message: `${what} in the database is not readable`, cause });
  }
}

function reportedBy({ hostname, agentVersion, os, addresses }: Inventory): Reported {
  return { hostname, address: addresses[0] ?? null, agent: JSON.stringify({ agentVersion, os }) };
}

function addressesBeside({ addresses, macs }: Inventory): InventoryAddresses {
  const isPart = addresses.length > ADDRESSES_BESIDE || macs.length > ADDRESSES_BESIDE;
  const [some, someMacs] = [addresses.slice(0, ADDRESSES_BESIDE), macs.slice(0, ADDRESSES_BESIDE)];
  return { addresses: some, macs: someMacs, ...(isPart && { isPart }) };
}

const kept = fixed(({ kuid, content }: { kuid: string; content: Uint8Array }) =>
  build
    .insertInto("inventories")
    .values({ kuid, facts: "", packed: "", content })
    .onConflict((conflict) => conflict.column("kuid").doUpdateSet({ packed: "", content })),
);
const addressesKept = fixed(({ kuid, addresses }: { kuid: string; addresses: string }) =>
  build
    .insertInto("device_addresses")
    .values({ kuid, addresses })
    .onConflict((conflict) => conflict.column("kuid").doUpdateSet({ addresses })),
);
const addressesOf = fixed(({ kuid }: { kuid: string }) =>
  build.selectFrom("device_addresses").select("addresses").where("kuid", "=", kuid),
);
const dated = fixed(({ kuid, hostname, address, agent, now }: { kuid: string; now: number } & Reported) =>
  build
    .updateTable("devices")
    .set({ reported_hostname: hostname, reported_address: address, reported_agent: agent })
    .set({ inventory_at: now, last_seen_at: now })
    .where("kuid", "=", kuid),
);
const packedOf = fixed(({ kuid }: { kuid: string }) =>
  build.selectFrom("inventories").select(["packed", "content"]).where("kuid", "=", kuid),
);

/** Keeps the inventory of a device in the place of the one before. */
export function keepInventory(tx: Transaction, kuid: string, { content, reported, addresses }: ReadyInventory): void {
  tx.queries.run(kept({ kuid, content }));
  keepAddresses(tx, kuid, addresses);
  tx.queries.run(dated({ kuid, now: tx.now, ...reported }));
}

/** Most machines say the same of these each time: then nothing is written. */
function keepAddresses(tx: Transaction, kuid: string, addresses: string): void {
  if (tx.queries.first(addressesOf({ kuid }))?.addresses !== addresses)
    tx.queries.run(addressesKept({ kuid, addresses }));
}

/** The JSON of a device's inventory; undefined where it has none. */
export function inventoryText(tx: Transaction, kuid: string): string | undefined {
  const row = tx.queries.first(packedOf({ kuid }));
  return row === undefined ? undefined : unpackInventory(row, `device ${kuid}`);
}
