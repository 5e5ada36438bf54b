import type { Duplex } from "node:stream";
import type { Client } from "ssh2";
import { innerPart } from "./library.ts";

/** A packet of so few bytes is copied into one piece: that costs less than to have the system gather its pieces. */
const COPIED_BYTES = 4 * 1024;
/** Below this size Node takes a buffer from a pool, which holds others' bytes too. */
const OWN_BYTES = 16 * 1024;

/**
 * Sends each packet of a connection at once, and gives its memory back as soon as it is on its way. The library hands
 * over a packet in three pieces (length, content, proof), each of which would be a message to the system and a segment
 * on the network, and leaves what it encrypted to the garbage collector, which does not see that bytes beside its heap
 * are many. Call after each key exchange. Where the library keeps no such cipher, nothing is changed.
 * @param transport what the bytes of all channels go through
 */
export function prepareWriting(client: Client, transport: Duplex): void {
  const cipher = innerPart(client, "_protocol", "_cipher");
  if (cipher === undefined) return;
  const encrypt: unknown = Reflect.get(cipher, "encrypt");
  if (typeof encrypt !== "function" || typeof Reflect.get(cipher, "_onWrite") !== "function") return;
  let pieces: Uint8Array[] = [];
  Reflect.set(cipher, "_onWrite", (piece: Uint8Array) => pieces.push(piece));
  Reflect.set(cipher, "encrypt", (packet: Uint8Array) => {
    Reflect.apply(encrypt, cipher, [packet]);
    const taken = pieces;
    pieces = [];
    send(transport, packet, taken);
  });
}

function send(transport: Duplex, packet: Uint8Array, pieces: readonly Uint8Array[]): void {
  if (!transport.writable) return;
  if (packet.length <= COPIED_BYTES) {
    transport.write(Buffer.concat(pieces));
    return;
  }
  const sent = () => {
    for (const bytes of [packet, ...pieces]) release(bytes);
  };
  transport.cork();
  for (const [index, piece] of pieces.entries()) {
    if (index === pieces.length - 1) transport.write(piece, sent);
    else transport.write(piece);
  }
  transport.uncork();
}

/** Gives memory back at once that nobody else reads: what a buffer has all to itself. */
function release({ buffer, length }: Uint8Array): void {
  if (buffer instanceof ArrayBuffer && length >= OWN_BYTES && buffer.byteLength === length) buffer.transfer(0);
}
