import { createSecretKey } from "node:crypto";
import type { Client } from "ssh2";

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
 * exchange. Where the library keeps no such key, as with another cipher or in another version, nothing is changed.
 */
export function prepareKeys(client: Client): void {
  const protocol = within(client, "_protocol");
  for (const [direction, name] of PLACES) {
    const holder = within(protocol, direction);
    const key = within(holder, name);
    if (isObject(holder) && key instanceof Uint8Array) {
      Reflect.set(holder, name, createSecretKey(key));
    }
  }
}

function within(value: unknown, name: string): unknown {
  return isObject(value) ? Reflect.get(value, name) : undefined;
}

function isObject(value: unknown): value is object {
  return typeof value === "object" && value !== null;
}
