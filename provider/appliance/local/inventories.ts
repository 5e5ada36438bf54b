import { constants, zstdCompressSync, zstdDecompressSync } from "node:zlib";
import { ApplianceError } from "../errors.ts";
import type { Inventory } from "../operations/devices.ts";
import { fixed } from "./fixed-query.ts";
import { build } from "./query.ts";
import type { Transaction } from "./transaction.ts";

/** Compresses as well as the higher levels do, in a fraction of the time. */
const LEVEL = 1;

/** So many addresses are beside a packed inventory: most machines have fewer, and nothing is unpacked to filter those. */
const ADDRESSES_BESIDE = 16;

/** Text, so that exports of tables can take it; an inventory from before there was packing is JSON itself. */
const PACKED = "zstd:";

/** What is beside a packed inventory; `isPart` where it has more addresses than are here. */
export interface InventoryFacts extends Pick<Inventory, "hostname" | "agentVersion" | "os" | "addresses" | "macs"> {
  readonly isPart?: boolean;
}

/** An inventory as the database keeps it. @example unpackInventory(packInventory(inventory), "device 4f…") */
export function packInventory(inventory: Inventory): string {
  const params = { [constants.ZSTD_c_compressionLevel]: LEVEL };
  return PACKED + zstdCompressSync(JSON.stringify(inventory), { params }).toString("base64");
}

/** The JSON of an inventory. @throws ApplianceError `corrupt` */
export function unpackInventory(packed: string, what: string): string {
  if (!packed.startsWith(PACKED)) return packed;
  try {
    return zstdDecompressSync(Buffer.from(packed.slice(PACKED.length), "base64")).toString();
  } catch (cause) {
    throw new ApplianceError({ code: "corrupt", message: `${what} in the database is not readable`, cause });
  }
}

function factsBeside({ hostname, agentVersion, os, addresses, macs }: Inventory): InventoryFacts {
  const isPart = addresses.length > ADDRESSES_BESIDE || macs.length > ADDRESSES_BESIDE;
  const [some, someMacs] = [addresses.slice(0, ADDRESSES_BESIDE), macs.slice(0, ADDRESSES_BESIDE)];
  return { hostname, agentVersion, os, addresses: some, macs: someMacs, ...(isPart && { isPart }) };
}

const kept = fixed(({ kuid, facts, packed }: { kuid: string; facts: string; packed: string }) =>
  build
    .insertInto("inventories")
    .values({ kuid, facts, packed })
    .onConflict((conflict) => conflict.column("kuid").doUpdateSet({ facts, packed })),
);
const dated = fixed(({ kuid, now }: { kuid: string; now: number }) =>
  build.updateTable("devices").set({ inventory_at: now, last_seen_at: now }).where("kuid", "=", kuid),
);
const packedOf = fixed(({ kuid }: { kuid: string }) =>
  build.selectFrom("inventories").select("packed").where("kuid", "=", kuid),
);

/** Keeps the inventory of a device in the place of the one before. */
export function keepInventory(tx: Transaction, kuid: string, inventory: Inventory): void {
  tx.queries.run(kept({ kuid, facts: JSON.stringify(factsBeside(inventory)), packed: packInventory(inventory) }));
  tx.queries.run(dated({ kuid, now: tx.now }));
}

/** The JSON of a device's inventory; undefined where it has none. */
export function inventoryText(tx: Transaction, kuid: string): string | undefined {
  const row = tx.queries.first(packedOf({ kuid }));
  return row === undefined ? undefined : unpackInventory(row.packed, `device ${kuid}`);
}
