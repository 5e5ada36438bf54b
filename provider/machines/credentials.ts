import type { HostKey } from "./machine.ts";

/**
 * What a log-in is proved with. Whatever is given is tried, in this order: certificate, private key, agent, password;
 * the password at most once a connection, whether the server asks for it by itself or by keyboard-interactive.
 */
export interface SshCredentials {
  readonly password?: string | undefined;
  /** The text of a key file: OpenSSH, PEM (PKCS#1, SEC 1, PKCS#8) or PuTTY. */
  readonly privateKey?: string | undefined;
  /** What `privateKey` is encrypted with. */
  readonly passphrase?: string | undefined;
  /** The text of an OpenSSH user certificate (`id_ed25519-cert.pub`) for `privateKey`. */
  readonly certificate?: string | undefined;
  /** Path of the socket of an ssh-agent. */
  readonly agentSocket?: string | undefined;
}

/**
 * Which host keys are believed.
 *
 * - `strict`: those of a known_hosts file (hashed names, wildcards, `[host]:port`, `@revoked`)
 * - `pinned`: those given, each a public key line (`ssh-ed25519 AAAA...`) or a fingerprint (`SHA256:...`);
 *   the hint is what to do where another one is shown
 * - `acceptNew`: any key of a host for which none is known; the caller records `machine.hostKey`
 * - `insecure`: any key at all
 */
export type HostKeyPolicy =
  | { readonly mode: "strict"; readonly knownHosts: string }
  | { readonly mode: "pinned"; readonly keys: readonly string[]; readonly hint?: string | undefined }
  | { readonly mode: "acceptNew"; readonly known: readonly HostKey[] }
  | { readonly mode: "insecure" };

/** One end of an SSH connection and how to log in there. */
export interface SshEndpoint {
  /** What the user calls it: host keys are looked up under this name. */
  readonly host: string;
  /** What is dialled; default `host`. Names are resolved by the caller, or by the jump host before it. */
  readonly address?: string | undefined;
  readonly port: number;
  readonly username: string;
  readonly credentials: SshCredentials;
  readonly hostKeys: HostKeyPolicy;
}

/** What is wrong with a private key; `message` is a sentence without a word of the key. */
export interface KeyFault {
  readonly fault: "not-a-key" | "needs-passphrase" | "wrong-passphrase" | "unusable-type";
  readonly message: string;
}
