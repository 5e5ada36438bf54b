import type { Firewall } from "./spec.ts";

/** What a host's rules are made of. Addresses are IPv4. */
export interface FirewallFacts {
  readonly firewall: Firewall;
  readonly gateway: string;
  readonly sshPort: number;
  /** The only address that may open connections to the host; absent: all may. */
  readonly onlyFrom?: string | undefined;
}

/** The host's whole rule set in the language of `nft -f`; it takes the place of an earlier one. */
export function firewallRules({ firewall, gateway, sshPort, onlyFrom }: FirewallFacts): string {
  const input: string[] = [];
  const output: string[] = [];
  if (onlyFrom !== undefined) input.push(`iif != lo ct state new ip saddr != ${onlyFrom} drop`);
  if (firewall === "drop-ssh") input.push(`tcp dport ${sshPort} drop`);
  if (firewall === "cut-off") output.push(`ip daddr ${gateway} ct state new drop`);
  const chain = (hook: string, rules: readonly string[]): string[] => [
    `  chain ${hook} {`,
    `    type filter hook ${hook} priority 0; policy accept;`,
    ...rules.map((rule) => `    ${rule}`),
    "  }",
  ];
  return ["flush ruleset", "table inet lab {", ...chain("input", input), ...chain("output", output), "}", ""].join(
    "\n",
  );
}
