import { randomBytes } from "node:crypto";
import { chmod, chown, mkdir, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { type AccountFiles, accountFiles, sudoersOf, uidOf } from "./accounts.ts";
import { succeed } from "./command.ts";
import { type LabHostKey, writeHostKeys } from "./host-keys.ts";
import { authorizedLine, type LabKeys } from "./keys.ts";
import { scripts } from "./scripts.ts";
import { type HostSpec, loginsOf } from "./spec.ts";
import { sshdConfigOf } from "./sshd-config.ts";

/** What all hosts of a lab get their files from. */
export interface Workshop {
  readonly keys: LabKeys;
  readonly accounts: AccountFiles;
  /** crypt(3) hashes by password. */
  readonly hashes: ReadonlyMap<string, string>;
  /** The text of everybody's /etc/hosts. */
  readonly hostsFile: string;
}

/** Reads what is the same for all hosts, and hashes all passwords at once, by the base's own openssl. */
export async function openWorkshop(
  baseRoot: string,
  keys: LabKeys,
  hosts: readonly HostSpec[],
  known: Readonly<Record<string, string>>,
): Promise<Workshop> {
  const read = (name: string): Promise<string> => readFile(join(baseRoot, "etc", name), "utf8");
  const accounts = {
    passwd: await read("passwd"),
    shadow: await read("shadow"),
    group: await read("group"),
    gshadow: await read("gshadow"),
  };
  const said = hosts.flatMap((host) => [host.rootPassword, ...(host.users ?? []).map((user) => user.password)]);
  const passwords = [...new Set(said.filter((password) => password !== undefined))];
  const hashes = new Map<string, string>();
  if (passwords.length > 0) {
    const argv = ["chroot", baseRoot, "openssl", "passwd", "-6", "-stdin"];
    const lines = (await succeed(argv, { stdin: `${passwords.join("\n")}\n` })).split("\n");
    for (const [index, password] of passwords.entries()) hashes.set(password, lines[index] ?? "*");
  }
  const lines = Object.entries(known).map(([name, address]) => `${address}\t${name}`);
  const hostsFile = ["127.0.0.1\tlocalhost", "::1\tlocalhost ip6-localhost", ...lines, ""].join("\n");
  return { keys, accounts, hashes, hostsFile };
}

/** Writes what makes a host itself into its mounted root, before it is first started. Gives its host keys. */
export async function configure(root: string, host: HostSpec, workshop: Workshop): Promise<LabHostKey[]> {
  const at = (path: string): string => join(root, path);
  await writeFile(at("etc/hostname"), `${host.name}\n`);
  await writeFile(at("etc/hosts"), workshop.hostsFile);
  // An empty one would make systemd believe in a first boot and enable what the base has disabled.
  await writeFile(at("etc/machine-id"), `${randomBytes(16).toString("hex")}\n`);
  await writeAccounts(root, host, workshop);
  await writeFile(at("etc/ssh/sshd_config"), sshdConfigOf(host));
  await mkdir(at("run/sshd"), { recursive: true });
  await writeFile(at("usr/local/lib/lab/listener.pl"), scripts.listener);
  if (host.kind === "systemd") await writeSshUnit(root, host);
  for (const path of host.without ?? []) await rm(at(path), { recursive: true, force: true });
  return writeHostKeys(root, host);
}

async function writeAccounts(root: string, host: HostSpec, workshop: Workshop): Promise<void> {
  const { rootKeys, users } = loginsOf(host);
  if (users.length > 0 || host.rootPassword !== undefined) {
    const files = accountFiles(workshop.accounts, host, (password) => workshop.hashes.get(password) ?? "*");
    // These files exist in the base: they keep its owners and modes.
    for (const name of ["passwd", "shadow", "group", "gshadow"] as const) {
      await writeFile(join(root, "etc", name), files[name]);
    }
    const sudoers = sudoersOf(host);
    if (sudoers !== "") await writeFile(join(root, "etc/sudoers.d/lab"), sudoers, { mode: 0o440 });
  }
  await writeAuthorizedKeys(join(root, "root"), 0, rootKeys, workshop.keys);
  for (const [index, user] of users.entries()) {
    const home = join(root, "home", user.name);
    await mkdir(home);
    await chmod(home, 0o755);
    await chown(home, uidOf(index), uidOf(index));
    await writeAuthorizedKeys(home, uidOf(index), user.authorizedKeys ?? [], workshop.keys);
  }
}

async function writeAuthorizedKeys(home: string, uid: number, wishes: readonly string[], keys: LabKeys): Promise<void> {
  if (wishes.length === 0) return;
  const folder = join(home, ".ssh");
  const file = join(folder, "authorized_keys");
  // Debian's root has this folder from the beginning.
  await mkdir(folder, { recursive: true });
  await chmod(folder, 0o700);
  await writeFile(file, wishes.map((wish) => `${authorizedLine(keys, wish)}\n`).join(""), { mode: 0o600 });
  for (const path of [folder, file]) await chown(path, uid, uid);
}

async function writeSshUnit(root: string, host: HostSpec): Promise<void> {
  const units = join(root, "etc/systemd/system");
  if (host.sshd === "none") {
    await rm(join(units, "multi-user.target.wants/ssh.service"));
    await symlink("/dev/null", join(units, "ssh.service"));
  } else if (host.sshd === "silent" || host.sshd === "banner-then-silent") {
    const folder = join(units, "ssh.service.d");
    await mkdir(folder);
    const command = ["/usr/bin/perl", "/usr/local/lib/lab/listener.pl", listenerMode(host), String(host.sshPort ?? 22)];
    const lines = ["[Service]", "Type=simple", "ExecStartPre=", "ExecStart=", `ExecStart=${command.join(" ")}`, ""];
    await writeFile(join(folder, "lab.conf"), lines.join("\n"));
  }
}

/** What a host's listener is told to do: the words of `light.sh` and `listener.pl`. */
export function listenerMode(host: HostSpec): "normal" | "none" | "silent" | "banner" {
  if (host.sshd === "none" || host.sshd === "silent") return host.sshd;
  return host.sshd === "banner-then-silent" ? "banner" : "normal";
}
