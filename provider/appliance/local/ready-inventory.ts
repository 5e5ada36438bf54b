import { constants, zstdCompressSync } from "node:zlib";
import * as z from "zod";
import type { InputProblem } from "../errors.ts";
import { inputProblems } from "../input-problems.ts";
import { type Inventory, inventory } from "../operations/devices.ts";

/** Compresses as well as the higher levels do, in a fraction of the time. */
const LEVEL = 1;

/**
 * Where the compressed inventory is certain to fit (`ZSTD_compressBound`), as that of most machines, it is written there
 * at once, and not first into buffers that are new memory each time.
 */
const OUTPUT_BYTES = 32 * 1024;

/** So many addresses are beside a packed inventory: most machines have fewer, and nothing is unpacked to filter those. */
const ADDRESSES_BESIDE = 8;

/** The addresses beside a packed inventory; `isPart` where it has more than are here. */
export interface InventoryAddresses extends Pick<Inventory, "addresses" | "macs"> {
  readonly isPart?: boolean;
}

/** What of an inventory is with its device, as filters ask for it. */
export interface Reported {
  readonly hostname: string;
  /** The first one. */
  readonly address: string | null;
  readonly agent: string;
}

/** An inventory made ready to be kept. */
export interface ReadyInventory {
  /** Its JSON as one frame of Zstandard (RFC 8878). */
  readonly content: Uint8Array<ArrayBuffer>;
  readonly reported: Reported;
  readonly addresses: string;
}

/** What became of the JSON of an inventory: it is ready, or this is wrong with it, each at its place, without its values. */
export type Readied = ReadyInventory | { readonly problems: readonly InputProblem[] };

const said = z.object({ inventory });

/**
 * Reads the JSON of an inventory, and makes it ready to be kept: most of what it takes to keep one.
 * @example readyInventory("{}") // { problems: [{ path: ["inventory", "collectedAt"], message: "expected string, received undefined" }, …] }
 */
export function readyInventory(text: string): Readied {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return { problems: [{ path: ["inventory"], message: "it is not JSON" }] };
  }
  const { data, error } = said.safeParse({ inventory: value });
  if (error !== undefined) return { problems: inputProblems(error) };
  const packed = zstdCompressSync(JSON.stringify(data.inventory), {
    chunkSize: OUTPUT_BYTES,
    params: { [constants.ZSTD_c_compressionLevel]: LEVEL },
  });
  return {
    // In memory of its own, which can be handed to another thread.
    content: new Uint8Array(packed),
    reported: reportedBy(data.inventory),
    addresses: JSON.stringify(addressesBeside(data.inventory)),
  };
}

function reportedBy({ hostname, agentVersion, os, addresses }: Inventory): Reported {
  return { hostname, address: addresses[0] ?? null, agent: JSON.stringify({ agentVersion, os }) };
}

function addressesBeside({ addresses, macs }: Inventory): InventoryAddresses {
  const isPart = addresses.length > ADDRESSES_BESIDE || macs.length > ADDRESSES_BESIDE;
  const [some, someMacs] = [addresses.slice(0, ADDRESSES_BESIDE), macs.slice(0, ADDRESSES_BESIDE)];
  return { addresses: some, macs: someMacs, ...(isPart && { isPart }) };
}
