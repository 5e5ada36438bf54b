import { createHash, createPrivateKey, type KeyObject, randomBytes } from "node:crypto";
import type { ParsedKey } from "ssh2";
import type { KeyFault } from "../credentials.ts";
import { loadSsh2 } from "./library.ts";
import { field } from "./wire.ts";

/**
 * Says what is wrong with a private key; absent if nothing is.
 * @example await checkPrivateKey("hello") // { fault: "not-a-key", message: "it is not a private key" }
 */
export async function checkPrivateKey(text: string, passphrase?: string): Promise<KeyFault | undefined> {
  const read = await readPrivateKey(text, passphrase);
  return "fault" in read ? read : undefined;
}

/** Decrypting a key is made slow on purpose; a run uses the same few keys for all its machines. */
const CACHED_KEYS = 16;
const cache = new Map<string, Promise<ParsedKey | KeyFault>>();

/** Reads a private key. The result is kept, under a hash, for the next machine. */
export function readPrivateKey(text: string, passphrase?: string): Promise<ParsedKey | KeyFault> {
  const hash = createHash("sha256")
    .update(JSON.stringify([text, passphrase]))
    .digest("base64");
  const cached = cache.get(hash);
  if (cached !== undefined) return cached;
  for (const oldest of cache.keys()) {
    if (cache.size < CACHED_KEYS) break;
    cache.delete(oldest);
  }
  const read = parsePrivateKey(text, passphrase);
  cache.set(hash, read);
  return read;
}

/** PKCS#8, and encrypted PEM of OpenSSL, of which ssh2 cannot tell a wrong passphrase from a damaged key. */
const FOREIGN =
  /^\s*-----BEGIN (?:(?:ENCRYPTED )?PRIVATE KEY-----|(?:RSA|EC) PRIVATE KEY-----\r?\nProc-Type: 4,ENCRYPTED)/;

async function parsePrivateKey(text: string, passphrase: string | undefined): Promise<ParsedKey | KeyFault> {
  const { utils } = await loadSsh2();
  const converted = FOREIGN.test(text) ? fromForeign(text, passphrase) : text;
  if (typeof converted !== "string") return converted;
  let parsed: ParsedKey | Error;
  try {
    parsed = utils.parseKey(converted, converted === text ? passphrase : undefined);
  } catch (error) {
    // The library throws on some damaged keys; what it says may quote them.
    if (!(error instanceof Error)) throw error;
    return fault("not-a-key");
  }
  if (parsed instanceof Error) return faultOf(parsed.message, passphrase);
  if (parsed.type === "ssh-dss") return unusable("ssh-dss");
  return parsed.isPrivateKey() ? parsed : { fault: "not-a-key", message: "it is a public key, not a private key" };
}

/** The library's errors are told apart by their words; its version is pinned and the words are tested. */
function faultOf(message: string, passphrase: string | undefined): KeyFault {
  if (/no passphrase given/.test(message)) return fault("needs-passphrase");
  if (/bad passphrase|integrity check failed/.test(message)) {
    return fault(passphrase === undefined ? "not-a-key" : "wrong-passphrase");
  }
  const type = /^Unsupported OpenSSH (?:private|public) key type: (\S+)/.exec(message)?.[1];
  if (type !== undefined) return unusable(type.replace(/[^\w@.-]/g, "?"));
  if (/Unsupported (cipher|kdf)|Cipher .* not supported/.test(message)) {
    return { fault: "unusable-type", message: "it is encrypted in a way that cannot be used" };
  }
  return fault("not-a-key");
}

function fault(kind: "not-a-key" | "needs-passphrase" | "wrong-passphrase"): KeyFault {
  const messages = {
    "not-a-key": "it is not a private key: give the text of its file, as `fn::readFile` does, and not its path",
    "needs-passphrase": "the private key is encrypted and needs a passphrase",
    "wrong-passphrase": "the passphrase of the private key is wrong",
  };
  return { fault: kind, message: messages[kind] };
}

function unusable(type: string): KeyFault {
  return { fault: "unusable-type", message: `a private key of type ${type} cannot be used` };
}

/** The same key in a form that ssh2 reads. */
function fromForeign(text: string, passphrase: string | undefined): string | KeyFault {
  let key: KeyObject;
  try {
    key = createPrivateKey({ key: text, format: "pem", ...(passphrase === undefined ? {} : { passphrase }) });
  } catch (error) {
    const code = error instanceof Error && "code" in error ? error.code : undefined;
    if (code === "ERR_MISSING_PASSPHRASE") return fault("needs-passphrase");
    if (!text.includes("ENCRYPTED")) return fault("not-a-key");
    return fault(passphrase === undefined ? "needs-passphrase" : "wrong-passphrase");
  }
  switch (key.asymmetricKeyType) {
    case "rsa":
      return key.export({ type: "pkcs1", format: "pem" }).toString().trim();
    case "ec":
      return key.export({ type: "sec1", format: "pem" }).toString().trim();
    case "ed25519":
      return openSshEd25519(key);
    default:
      return unusable(key.asymmetricKeyType ?? "unknown");
  }
}

/** An Ed25519 key as OpenSSH writes it: PROTOCOL.key of its sources. */
function openSshEd25519(key: KeyObject): string {
  const { d = "", x = "" } = key.export({ format: "jwk" });
  const secret = Buffer.from(d, "base64url");
  const open = Buffer.from(x, "base64url");
  const type = Buffer.from("ssh-ed25519");
  const check = randomBytes(4);
  const inner = [check, check, field(type), field(open), field(Buffer.concat([secret, open])), field(Buffer.alloc(0))];
  const padded = Buffer.concat(inner);
  const padding = Buffer.from(Array.from({ length: (8 - (padded.length % 8)) % 8 }, (_, index) => index + 1));
  const none = field(Buffer.from("none"));
  const bytes = Buffer.concat([
    Buffer.from("openssh-key-v1\0"),
    none,
    none,
    field(Buffer.alloc(0)),
    Buffer.from([0, 0, 0, 1]),
    field(Buffer.concat([field(type), field(open)])),
    field(Buffer.concat([padded, padding])),
  ]);
  return `-----BEGIN OPENSSH PRIVATE KEY-----\n${bytes.toString("base64")}\n-----END OPENSSH PRIVATE KEY-----`;
}
