import { LabError } from "./error.ts";

/** The keys that every lab makes: see {@link LabKeys}. */
export const LAB_KEY_NAMES = ["ed25519", "rsa", "ecdsa", "encrypted"] as const;
export type LabKeyName = (typeof LAB_KEY_NAMES)[number];

/**
 * - `normal`: OpenSSH with keys, and passwords for those who have one
 * - `keys-only`: no passwords
 * - `no-password-kbdint`: asks for the password by keyboard-interactive (through PAM), not by the password method
 * - `silent`: accepts connections and says nothing
 * - `banner-then-silent`: says that it is an OpenSSH, then nothing
 * - `none`: nothing listens, the port is closed
 */
export type SshdBehaviour = "normal" | "keys-only" | "no-password-kbdint" | "silent" | "banner-then-silent" | "none";

/**
 * - `none`
 * - `drop-ssh`: what comes to the ssh port is dropped without an answer
 * - `cut-off`: the host can open no connection to the gateway; log-ins from there work
 */
export type Firewall = "none" | "drop-ssh" | "cut-off";

export interface UserSpec {
  readonly name: string;
  readonly password?: string;
  /** Default `none`. */
  readonly sudo?: "none" | "nopasswd" | "password";
  /** Lines of authorized_keys, or names of the lab's own keys. */
  readonly authorizedKeys?: readonly string[];
}

/** A host as a caller wishes it. A host that names nobody who may log in takes root with the lab's `ed25519` key. */
export interface HostSpec {
  /** Letters, digits and dashes; unique in the lab. It is the host name too. */
  readonly name: string;
  /** `systemd`: a whole system, about 18 MB and seconds. `light`: an sshd and no service manager, 3 MB. */
  readonly kind: "systemd" | "light";
  /** Default `debian`. `rpm`: os-release of Rocky Linux 9, a real rpm database, neither dpkg nor apt. */
  readonly family?: "debian" | "rpm";
  readonly users?: readonly UserSpec[];
  readonly rootAuthorizedKeys?: readonly string[];
  readonly rootPassword?: string;
  /** Default `normal`. */
  readonly sshd?: SshdBehaviour;
  /** Lines of sshd_config that come before, and so override, the lab's own. */
  readonly sshdConfig?: string;
  /** Default 22. */
  readonly sshPort?: number;
  /** Types of host key. Default: only `ed25519`. */
  readonly hostKeyTypes?: readonly HostKeyType[];
  /** Default `none`. */
  readonly firewall?: Firewall;
  /** Size of one small file system that `/tmp`, `/var/tmp` and `/opt` share. Default: none, they are as large as the lab. */
  readonly smallDiskBytes?: number;
  /** The name of the only host that this one lets in. What it opens itself goes where it likes. */
  readonly behind?: string;
  /** Absolute paths of what this host lacks, such as `/usr/bin/sudo`. */
  readonly without?: readonly string[];
}

export type HostKeyType = "ed25519" | "ecdsa" | "rsa";

export interface LabOptions {
  /** A lower-case letter, then up to seven of them or digits: what belongs to this lab carries it in its name. */
  readonly prefix: string;
  readonly hosts: readonly HostSpec[];
  /** In CIDR form. Default: a free one below 10.80.0.0/13, the same for the same prefix where possible. */
  readonly subnet?: string;
  /** More names that all hosts know (from their /etc/hosts): name to address, `gateway` for that of the controller. */
  readonly dns?: Readonly<Record<string, string>>;
  /** Hears what takes long. */
  readonly say?: (line: string) => void;
}

const NAME = /^[a-z0-9]([a-z0-9-]{0,30}[a-z0-9])?$/;
const PREFIX = /^[a-z][a-z0-9]{0,7}$/;
const USER = /^[a-z_][a-z0-9_-]{0,30}$/;

/**
 * Checks what types cannot say.
 * @throws LabError that names the host and what is wrong with it
 */
export function checkOptions(options: LabOptions): void {
  checkPrefix(options.prefix);
  const seen = new Set<string>();
  for (const host of options.hosts) {
    if (!NAME.test(host.name)) throw new LabError(`"${host.name}" is no host name: use letters, digits and dashes`);
    if (seen.has(host.name)) throw new LabError(`two hosts are called ${host.name}`);
    seen.add(host.name);
    for (const user of host.users ?? []) {
      if (!USER.test(user.name)) throw new LabError(`${host.name}: "${user.name}" is no user name`);
      if (user.name === "root") throw new LabError(`${host.name}: say rootPassword and rootAuthorizedKeys for root`);
      if (user.sudo === "password" && user.password === undefined)
        throw new LabError(`${host.name}: ${user.name} needs a password for its sudo`);
    }
  }
  for (const host of options.hosts) {
    if (host.behind === undefined) continue;
    if (host.behind === host.name || !seen.has(host.behind))
      throw new LabError(`${host.name} is behind ${host.behind}, which is no other host of this lab`);
  }
}

/** @throws LabError where this cannot be a lab's prefix */
export function checkPrefix(prefix: string): void {
  if (!PREFIX.test(prefix)) {
    throw new LabError(`"${prefix}" is no prefix: a lower-case letter, then up to 7 lower-case letters or digits`);
  }
}

/** The users, keys and passwords of root and everybody else, with the default where nobody could log in. */
export function loginsOf(host: HostSpec): {
  readonly rootKeys: readonly string[];
  readonly users: readonly UserSpec[];
} {
  const users = host.users ?? [];
  const rootKeys =
    host.rootAuthorizedKeys ?? (users.length === 0 && host.rootPassword === undefined ? ["ed25519"] : []);
  return { rootKeys, users };
}
