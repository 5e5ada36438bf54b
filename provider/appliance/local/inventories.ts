import { zstdDecompressSync } from "node:zlib";
import { ApplianceError } from "../errors.ts";
import { fixed } from "./fixed-query.ts";
import { build } from "./query.ts";
import type { ReadyInventory, Reported } from "./ready-inventory.ts";
import type { Transaction } from "./transaction.ts";

/** How an inventory of before begins that was kept as text; one from before there was packing is JSON itself. */
const PACKED_AS_TEXT = "zstd:";

/** An inventory as the database keeps it. */
export interface PackedInventory {
  readonly packed: string;
  readonly content: Uint8Array | null;
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
