import type { HostKeyType, HostSpec } from "./spec.ts";

/** Where a host keeps a host key. */
export function hostKeyPath(type: HostKeyType): string {
  return `/etc/ssh/ssh_host_${type}_key`;
}

/** The types of host key that a host has. */
export function hostKeyTypesOf(host: HostSpec): readonly HostKeyType[] {
  return host.hostKeyTypes ?? ["ed25519"];
}

/** The sshd_config of a host. In it the first value of an option wins, so the caller's own lines come first. */
export function sshdConfigOf(host: HostSpec): string {
  const interactive = host.sshd === "no-password-kbdint";
  const passwords = !interactive && host.sshd !== "keys-only";
  const own = host.sshdConfig === undefined ? [] : [host.sshdConfig];
  return [
    ...own,
    "Include /etc/ssh/sshd_config.d/*.conf",
    `Port ${host.sshPort ?? 22}`,
    ...hostKeyTypesOf(host).map((type) => `HostKey ${hostKeyPath(type)}`),
    `PermitRootLogin ${host.rootPassword === undefined ? "prohibit-password" : "yes"}`,
    `PasswordAuthentication ${passwords ? "yes" : "no"}`,
    `KbdInteractiveAuthentication ${interactive ? "yes" : "no"}`,
    // A light host has no need of PAM but to ask by keyboard-interactive.
    `UsePAM ${host.kind === "systemd" || interactive ? "yes" : "no"}`,
    "UseDNS no",
    "PrintMotd no",
    // The default drops connections at random once ten are logging in, and a lab has hosts to be hit hard.
    "MaxStartups 1000:30:2000",
    "AcceptEnv LANG LC_*",
    "Subsystem sftp /usr/lib/openssh/sftp-server",
    "",
  ].join("\n");
}
