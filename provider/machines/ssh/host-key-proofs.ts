import type { Client } from "ssh2";
import { innerPart } from "./library.ts";

/** How OpenSSH tells all host keys of a server, right after the log-in. */
const ALL_HOST_KEYS = "hostkeys-00@openssh.com";

/**
 * Asks for no proofs of a server's other host keys. The library does, of each of them and on each connection, though
 * only the key of the connection counts here; one of type RSA takes the server some milliseconds. Call after
 * `client.connect`.
 */
export function forgoHostKeyProofs(client: Client): void {
  const handlers = innerPart(client, "_protocol", "_handlers");
  const answer: unknown = handlers === undefined ? undefined : Reflect.get(handlers, "GLOBAL_REQUEST");
  if (handlers === undefined || typeof answer !== "function") return;
  Reflect.set(handlers, "GLOBAL_REQUEST", (protocol: unknown, name: unknown, wantsReply: unknown, data: unknown) => {
    // It is a notice: no server waits for an answer to it.
    if (name !== ALL_HOST_KEYS || wantsReply === true) answer(protocol, name, wantsReply, data);
  });
}
