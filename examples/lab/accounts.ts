import type { HostSpec } from "./spec.ts";
import { loginsOf } from "./spec.ts";

/** The texts of the account files, as they are in the base and as a host gets them. */
export interface AccountFiles {
  readonly passwd: string;
  readonly shadow: string;
  readonly group: string;
  readonly gshadow: string;
}

const FIRST_UID = 1000;
/** The day that shadow says a password was changed last: any that is past. */
const CHANGED = "19000";

/** The user and group id of the user at this place of a host's list. */
export function uidOf(index: number): number {
  return FIRST_UID + index;
}

/**
 * The account files of a host: those of the base and its users. `hashOf` gives the crypt(3) hash of a password. Who has
 * no password gets `*`, which lets keys in; with `!` an sshd without PAM would refuse them too.
 */
export function accountFiles(base: AccountFiles, host: HostSpec, hashOf: (password: string) => string): AccountFiles {
  const { users } = loginsOf(host);
  const field = (password: string | undefined): string => (password === undefined ? "*" : hashOf(password));
  const add = (text: string, lines: readonly string[]): string => [text.trimEnd(), ...lines, ""].join("\n");
  const rootField = field(host.rootPassword);
  return {
    passwd: add(
      base.passwd,
      users.map((user, index) => `${user.name}:x:${uidOf(index)}:${uidOf(index)}::/home/${user.name}:/bin/sh`),
    ),
    shadow: add(
      base.shadow.replace(/^root:[^:]*:/m, () => `root:${rootField}:`),
      users.map((user) => `${user.name}:${field(user.password)}:${CHANGED}:0:99999:7:::`),
    ),
    group: add(
      base.group,
      users.map((user, index) => `${user.name}:x:${uidOf(index)}:`),
    ),
    gshadow: add(
      base.gshadow,
      users.map((user) => `${user.name}:!::`),
    ),
  };
}

/** The text of the host's sudoers file, empty where nobody may use sudo. */
export function sudoersOf(host: HostSpec): string {
  return (host.users ?? [])
    .filter((user) => user.sudo === "nopasswd" || user.sudo === "password")
    .map((user) => `${user.name} ALL=(ALL:ALL) ${user.sudo === "nopasswd" ? "NOPASSWD: " : ""}ALL\n`)
    .join("");
}
