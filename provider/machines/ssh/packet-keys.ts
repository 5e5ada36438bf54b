import { createSecretKey } from "node:crypto";
import type { Client } from "ssh2";
import { innerPart } from "./library.ts";

/** Where the library keeps the keys that it hands to Node's crypto for each packet, sent and received. */
const PLACES = [
  ["_cipher", "_encKey"],
  ["_cipher", "_macKey"],
  ["_decipher", "_decipherKey"],
  ["_decipher", "_macKey"],
] as const;

/**
 * Makes key objects of the keys that a connection has agreed on. The library begins a cipher for each packet, and Node
 * looks a buffer of bytes over every time, which takes it three times as long as the packet itself. Call after each key
 * exchange. Where the library keeps no such key, as with another cipher, nothing is changed.
 */
export function prepareKeys(client: Client): void {
  for (const [direction, name] of PLACES) {
    const holder = innerPart(client, "_protocol", direction);
    const key = innerPart(client, "_protocol", direction, name);
    if (holder !== undefined && key instanceof Uint8Array) Reflect.set(holder, name, createSecretKey(key));
  }
}
