import { machineOf } from "./wire-agent.ts";

/** How long the inventory of a bench is, in bytes of JSON. */
export const INVENTORY_BYTES = 20_000;

/**
 * The inventory of a host with many containers, 20 kB of JSON: each container has an interface with addresses of its own.
 * They hardly repeat themselves, so that it is about as hard to compress as an inventory can be.
 * @param number tells one machine from the other: the same number gives the same inventory
 */
export function sampleInventory(number: number) {
  const random = randomOf(number);
  const byte = () => Math.floor(random() * 256);
  const hex = (bytes: number) => Array.from({ length: bytes }, () => byte().toString(16).padStart(2, "0"));
  const inventory = {
    collectedAt: new Date(1_780_000_000_000 + number * 1_000).toISOString(),
    ...machineOf(`machine-${number}.bench.example`),
    addresses: [`10.${byte()}.${byte()}.${byte()}`],
    macs: [hex(6).join(":")],
    memoryBytes: 16_000_000_000,
    cpus: 8,
    uptimeSeconds: byte() * 1_000,
  };
  const lengthOf = () => JSON.stringify(inventory).length;
  const perInterface = `"fe80::0000:0000:0000:0000","00:00:00:00:00:00",`.length;
  for (let left = INVENTORY_BYTES - lengthOf(); left >= perInterface; left -= perInterface) {
    const groups = hex(8);
    const pair = (index: number) => `${groups[index * 2]}${groups[index * 2 + 1]}`;
    inventory.addresses.push(`fe80::${pair(0)}:${pair(1)}:${pair(2)}:${pair(3)}`);
    inventory.macs.push(hex(6).join(":"));
  }
  return inventory;
}

/** Numbers from 0 to 1 that look random and are the same in every run (mulberry32). */
export function randomOf(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}
