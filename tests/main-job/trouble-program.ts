import { ref, type YamlResource } from "../e2e/project.ts";
import { type Site, secret } from "./site.ts";

/** With these a rollout goes to its end whatever goes wrong, and `up` succeeds: each machine's trouble is in its result. */
export const TOLERANT = { maxFailures: "100%", maxUnreachable: "100%", attempts: 2 };

/** Root by the lab's plain key, and whatever else is said of the log-in. */
export function rootLogIn(site: Site, more: Readonly<Record<string, unknown>> = {}): Readonly<Record<string, unknown>> {
  return { username: "root", privateKey: secret(site.lab.keys.ed25519.privateKey), ...more };
}

/** The packages of a folder beside the program, which has a `SHA256SUMS`. */
export function bundleOf(folder: string): YamlResource {
  return {
    type: "kace:AgentBundle",
    properties: { folder: `./${folder}`, checksums: { "fn::readFile": `./${folder}/SHA256SUMS` } },
  };
}

/** The `agent` of a configuration that installs from the bundle of this name. */
export function agentFrom(bundle: string): Readonly<Record<string, unknown>> {
  return { bundle: ref(`${bundle}.id`) };
}

/** The code of each of these hosts in the recorded results of a configuration. */
export async function codesOf(
  site: Site,
  hosts: readonly string[],
  configuration = "fleet",
): Promise<Record<string, string>> {
  const results = await site.results(configuration);
  return Object.fromEntries(hosts.map((host) => [host, results[site.host(host).address]?.code ?? "no result"]));
}
