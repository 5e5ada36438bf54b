import { existsSync } from "node:fs";
import { readdir, readFile } from "node:fs/promises";
import * as z from "zod";
import { execute, inParallel, succeed } from "./command.ts";
import { isCode, LabError } from "./error.ts";
import { type FirewallFacts, firewallRules } from "./firewall.ts";
import { cableOf, type LabNames } from "./names.ts";
import { scripts } from "./scripts.ts";
import { gatewayOf, hostAddress, parseSubnet, type Subnet } from "./subnet.ts";
import { until } from "./wait.ts";

/** The IPv4 subnets that this machine has addresses in or routes to, the default route apart. */
export async function usedSubnets(): Promise<Subnet[]> {
  const routes = z
    .array(z.object({ dst: z.string() }))
    .parse(JSON.parse((await succeed(["ip", "-4", "-json", "route", "show", "table", "all"])) || "[]"));
  return routes
    .map((route) => (route.dst.includes("/") ? route.dst : `${route.dst}/32`))
    .filter((text) => /^\d+[.]\d+[.]\d+[.]\d+[/]\d+$/.test(text))
    .map(parseSubnet);
}

/** Makes the bridge, with the gateway's address. Its MAC is fixed: hosts remember it, and it would change with its ports. */
export async function makeBridge(names: LabNames, subnet: Subnet): Promise<void> {
  const mac = macOf(subnet.base + 1);
  await batch([
    `link add ${names.bridge} address ${mac} type bridge forward_delay 0`,
    `addr add ${gatewayOf(subnet)}/${subnet.prefixLength} dev ${names.bridge}`,
    `link set ${names.bridge} up`,
  ]);
}

/** Makes a network namespace for every host and connects it to the bridge. */
export async function connectHosts(names: LabNames, subnet: Subnet, hosts: readonly string[]): Promise<void> {
  await batch(hosts.map((host) => `netns add ${names.hostPrefix}${host}`));
  // All cables of a lab are in one group, numbered like the bridge, so that they can be removed at one stroke.
  const group = await groupOf(names);
  await batch(
    hosts.map((host, index) => {
      const outer = `link add ${cableOf(names, index)} group ${group} master ${names.bridge} up type veth`;
      return `${outer} peer name eth0 address ${macOf(subnet.base + 256 + index)} netns ${names.hostPrefix}${host}`;
    }),
  );
  const addresses = hosts.map(
    (host, index) => `${names.hostPrefix}${host} ${hostAddress(subnet, index)}/${subnet.prefixLength}\n`,
  );
  await inParallel([0, 1, 2, 3], 4, async (part) => {
    await succeed(["sh", "-c", scripts.address, "address"], {
      stdin: addresses.filter((_, index) => index % 4 === part).join(""),
    });
  });
}

/** Sets the rules of a host's firewall in place of its earlier ones. They outlive a reboot of the host. */
export async function setFirewall(namespace: string, facts: FirewallFacts): Promise<void> {
  await succeed(["nsenter", `--net=/run/netns/${namespace}`, "nft", "-f", "-"], { stdin: firewallRules(facts) });
}

/** Pulls or plugs the cable of a host: without it nobody answers at its address. */
export async function setCable(names: LabNames, index: number, plugged: boolean): Promise<void> {
  await succeed(["ip", "link", "set", cableOf(names, index), plugged ? "up" : "down"]);
}

/** True once the bridge passes on what a host sends and what is sent to it. */
export async function isForwarding(names: LabNames, index: number): Promise<boolean> {
  const FORWARDING = "3";
  return (await readFile(`/sys/class/net/${cableOf(names, index)}/brport/state`, "utf8")).trim() === FORWARDING;
}

/**
 * Makes this machine ask anew who has an address. Asked while a cable was out, it may be about to give up, and would
 * refuse the next connection for that.
 */
export async function forgetNeighbour(names: LabNames, address: string): Promise<void> {
  const { exitCode, stderr } = await execute(["ip", "neighbour", "delete", address, "dev", names.bridge]);
  if (exitCode !== 0 && !stderr.includes("No such file")) throw new LabError(`cannot forget ${address}: ${stderr}`);
}

/** The network namespaces of a lab, whoever left them. */
export async function namespacesOf(names: LabNames): Promise<string[]> {
  try {
    return (await readdir("/run/netns")).filter((name) => name.startsWith(names.hostPrefix));
  } catch (error) {
    if (isCode(error, "ENOENT")) return [];
    throw error;
  }
}

/** The interfaces on the controller that belong to a lab. */
export async function linksOf(names: LabNames): Promise<string[]> {
  const cable = new RegExp(`^kl[0-9]+-${names.prefix}$`);
  return (await readdir("/sys/class/net")).filter((name) => name === names.bridge || cable.test(name));
}

/** Removes bridge, cables and namespaces, and waits until they are gone: the kernel takes its time. */
export async function removeNetwork(names: LabNames): Promise<void> {
  if (existsSync(`/sys/class/net/${names.bridge}`)) {
    const group = await groupOf(names);
    // Without any cable in the group there is nothing to delete, which is an error to ip.
    await execute(["ip", "link", "delete", "group", group]);
    await succeed(["ip", "link", "delete", names.bridge]);
  }
  // What is left here was made before the bridge, or has lost it.
  for (const link of await linksOf(names)) await execute(["ip", "link", "delete", link]);
  await batch((await namespacesOf(names)).map((namespace) => `netns delete ${namespace}`));
  await until(async () => (await linksOf(names)).length === 0, `the network of lab ${names.prefix} to go`);
}

async function groupOf(names: LabNames): Promise<string> {
  const found = z
    .array(z.object({ ifindex: z.int() }))
    .parse(JSON.parse(await succeed(["ip", "-json", "link", "show", names.bridge])));
  return String(found[0]?.ifindex ?? 0);
}

async function batch(lines: readonly string[]): Promise<void> {
  if (lines.length > 0) await succeed(["ip", "-batch", "-"], { stdin: `${lines.join("\n")}\n` });
}

/** A locally administered MAC address that holds a number of up to 40 bits. */
function macOf(number: number): string {
  const hexadecimal = number.toString(16).padStart(10, "0");
  return ["02", ...(hexadecimal.match(/../g) ?? [])].join(":");
}
