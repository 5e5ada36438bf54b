import { verify } from "node:crypto";
import { promisify } from "node:util";

/** Beside the event loop: it takes as long as everything else of a hello together. */
const verifyBeside = promisify(verify);

/**
 * Whether a hello was signed by the key that it shows, for this server and this connection: a hello that somebody
 * relays from another server has that one's name in it, and one that is replayed has another nonce.
 * @param publicKey raw Ed25519 key, base64url
 * @param host the `Host` header of the connection: host and port as the agent dialled them
 */
export async function isSignedHello(detail: {
  readonly publicKey: string;
  readonly signature: string;
  readonly nonce: string;
  readonly kuid: string;
  readonly host: string;
}): Promise<boolean> {
  const text = `kace-agent-hello-v1\n${detail.nonce}\n${detail.kuid}\n${detail.host}`;
  const jwk = { kty: "OKP", crv: "Ed25519", x: detail.publicKey };
  return verifyBeside(null, Buffer.from(text), { key: jwk, format: "jwk" }, Buffer.from(detail.signature, "base64url"));
}
