import type { Inventory } from "../operations/devices.ts";
import { type PackedInventory, unpackInventory } from "./inventories.ts";
import { isRecord, isTexts, readKept } from "./kept-json.ts";

/** The inventory of a device as the database keeps it. @throws ApplianceError `corrupt` */
export function readInventory(packed: PackedInventory, what: string): Inventory {
  return readKept(unpackInventory(packed, what), isInventory, what);
}

function isInventory(value: unknown): value is Inventory {
  if (!isRecord(value)) return false;
  const { collectedAt, hostname, os, agentVersion, addresses, macs, memoryBytes, cpus, uptimeSeconds } = value;
  return (
    isRecord(os) &&
    isTexts([collectedAt, hostname, agentVersion, os.platform, os.id, os.version, os.name, os.architecture]) &&
    isTexts(addresses) &&
    isTexts(macs) &&
    [memoryBytes, cpus, uptimeSeconds].every((number) => number === undefined || typeof number === "number")
  );
}
