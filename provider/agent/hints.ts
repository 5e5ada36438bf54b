import type { ActivationCode } from "./activation.ts";

/** What a user does about each way that work on a machine ends badly, which `<machine>` stands for. */
export const HINTS: Readonly<Record<ActivationCode, string>> = {
  "unsupported-os": "leave the machine out of the targets, or say `allowUnsupported: true`",
  "no-package": "add a package for this machine to the bundle",
  "disk-full": "make room on the machine, then run again",
  "no-privilege": "log in as root, or give the user sudo and say so with `become`",
  "sudo-password": "give the password of sudo with `become.password`",
  "server-unresolvable": "enter the server's name in the DNS that the machine uses",
  "server-unreachable": "let the firewalls between the machine and the server pass it",
  claimed: "say `takeOver: true` to make it this configuration's",
  quarantined: "approve it with `kace quarantine approve <machine>`, or give the configuration a valid token",
  busy: "run again when that is over",
  "downgrade-not-allowed": "say `allowDowngrade: true`",
  "version-denied": "add a package of another version to the bundle",
  "upload-failed": "run again; if it stays, look at the network and the disk of the machine",
  "checksum-mismatch": "something on the way changes files: look at proxies and scanners, then run again",
  "install-failed": "the last lines of the machine's log say why; see `kace logs <machine>`",
  "install-timeout": "see what the installer waits for, or give it more time",
  "service-not-running": "the last lines of the machine's log say why; see `kace logs <machine>`",
  "not-connected": "`kace diagnose <machine>` finds the first thing that is wrong between the machine and the server",
  "reboot-required": "restart the machine, then run again",
  "remove-failed": "the last lines of the machine's log say why; see `kace logs <machine>`",
  lost: "run again: the machine is looked at first, and only what is missing is done",
  cancelled: "run again to go on",
};
