import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { type Base, obtainBase } from "./base.ts";
import { startHosts } from "./boot.ts";
import { clear, type Traces, tracesOf } from "./clear.ts";
import { inParallel } from "./command.ts";
import { configure, openWorkshop } from "./configure.ts";
import { LabError } from "./error.ts";
import { LabHost } from "./host.ts";
import type { LabHostKey } from "./host-keys.ts";
import { type LabKeys, makeKeys } from "./keys.ts";
import { mountRoots, rootOf } from "./layers.ts";
import { setSystemdHosts } from "./limits.ts";
import { withLock } from "./lock.ts";
import { LABS_FOLDER, type LabNames, namesOf } from "./names.ts";
import { connectHosts, makeBridge, usedSubnets } from "./network.ts";
import { installPackages } from "./packages.ts";
import { startOf } from "./processes.ts";
import { type LabRecord, readRecord, writeRecord } from "./record.ts";
import { checkOptions, checkPrefix, type HostSpec, type LabOptions } from "./spec.ts";
import { chooseSubnet, formatSubnet, gatewayOf, hostAddress, parseSubnet, type Subnet } from "./subnet.ts";

export type { Base } from "./base.ts";
export type { Traces } from "./clear.ts";
export type { ExecOptions, ExecResult } from "./command.ts";
export { LabError } from "./error.ts";
export { type InstalledPackage, LabHost } from "./host.ts";
export type { LabHostKey } from "./host-keys.ts";
export type { LabKey, LabKeys } from "./keys.ts";
export { missingPackages, whyNoLab } from "./packages.ts";
export type { Firewall, HostSpec, LabKeyName, LabOptions, SshdBehaviour, UserSpec } from "./spec.ts";

/**
 * A fleet of real hosts on this machine: each with its own kernel namespaces, file system, address and sshd, on a
 * bridge whose gateway is this machine. Linux and root only. See `docs/lab.md`.
 *
 * @example
 * const lab = await Lab.up({ prefix: "try", hosts: [{ name: "web01", kind: "systemd" }] });
 * await lab.host("web01").exec(["systemctl", "is-system-running"]);
 * await lab.down();
 */
export class Lab {
  readonly prefix: string;
  /** In CIDR form. */
  readonly subnet: string;
  /** The address of the controller's side: what hosts reach this machine by. They know it as `gateway` too. */
  readonly gateway: string;
  readonly keys: LabKeys;
  readonly hosts: readonly LabHost[];
  readonly #names: LabNames;
  readonly #record: LabRecord;

  private constructor(record: LabRecord) {
    const subnet = parseSubnet(record.subnet);
    this.#record = record;
    this.#names = namesOf(record.prefix);
    this.prefix = record.prefix;
    this.subnet = record.subnet;
    this.gateway = gatewayOf(subnet);
    this.keys = record.keys;
    const specs = record.hosts.map(({ spec }) => spec);
    this.hosts = record.hosts.map(({ spec, hostKeys }, index) => {
      const onlyFrom = spec.behind === undefined ? undefined : addressIn(subnet, specs, spec.behind);
      const onNewKeys = (): Promise<void> => this.#save();
      const address = hostAddress(subnet, index);
      return new LabHost(
        spec,
        { names: this.#names, index, address, gateway: this.gateway, onlyFrom, onNewKeys },
        hostKeys,
      );
    });
  }

  /**
   * Installs what a lab needs here and makes the base of its hosts, so that the next `up` is quick. Done already: free.
   * @throws LabError where this machine cannot have a lab
   */
  static async prepare(say: (line: string) => void = () => undefined): Promise<Base> {
    await installPackages(say);
    return obtainBase(say);
  }

  /**
   * Brings a lab up and waits until all its hosts are. What an earlier run with this prefix left is cleared first.
   * @throws LabError where this machine cannot have a lab, the prefix is in use by a living process, or a host does
   *   not come up; then nothing is left
   */
  static async up(options: LabOptions): Promise<Lab> {
    checkOptions(options);
    const base = await Lab.prepare(options.say);
    const names = namesOf(options.prefix);
    const record = await withLock(LABS_FOLDER, "labs", () => claim(options, names, base.folder));
    try {
      const subnet = parseSubnet(record.subnet);
      await connectHosts(
        names,
        subnet,
        options.hosts.map(({ name }) => name),
      );
      await mountRoots(names, base, options.hosts);
      const known = { gateway: gatewayOf(subnet), ...addressesOf(subnet, options.hosts), ...options.dns };
      const baseRoot = join(base.folder, "root");
      const workshop = await openWorkshop(baseRoot, record.keys, options.hosts, known);
      const hostKeys: LabHostKey[][] = [];
      await inParallel(options.hosts, 16, async (host, index) => {
        hostKeys[index] = await configure(rootOf(names, host.name), host, workshop);
      });
      record.hosts = options.hosts.map((spec, index) => ({ spec, hostKeys: hostKeys[index] ?? [] }));
      const lab = new Lab(record);
      await inParallel(
        lab.hosts.filter(({ spec }) => spec.behind !== undefined || (spec.firewall ?? "none") !== "none"),
        8,
        (host) => host.setFirewall(host.spec.firewall ?? "none"),
      );
      await startHosts(names, options.hosts);
      await inParallel(lab.hosts, 32, (host) => host.ready());
      record.ready = true;
      await lab.#save();
      return lab;
    } catch (error) {
      await Lab.down(options.prefix);
      throw error;
    }
  }

  /** The lab of this prefix that somebody brought up; undefined if there is none. */
  static async find(prefix: string): Promise<Lab | undefined> {
    checkPrefix(prefix);
    const record = await readRecord(namesOf(prefix));
    return record?.ready === true ? new Lab(record) : undefined;
  }

  /** Takes a lab down, or what a crash left of it, whoever brought it up. Nothing to do is fine. */
  static async down(prefix: string): Promise<void> {
    checkPrefix(prefix);
    await withLock(LABS_FOLDER, "labs", () => clear(namesOf(prefix)));
  }

  /** What there is of a lab on this machine: all lists are empty once it is down. */
  static async traces(prefix: string): Promise<Traces> {
    checkPrefix(prefix);
    return tracesOf(namesOf(prefix));
  }

  /** @throws LabError where the lab has no host of this name */
  host(name: string): LabHost {
    const host = this.hosts.find((candidate) => candidate.name === name);
    if (host === undefined) throw new LabError(`lab ${this.prefix} has no host ${name}`);
    return host;
  }

  /** All hosts' keys, by name and by address, as a known_hosts file. */
  knownHosts(): string {
    const lines = this.hosts.flatMap((host) => {
      const place = (name: string): string => (host.sshPort === 22 ? name : `[${name}]:${host.sshPort}`);
      return host.hostKeys.map((key) => `${place(host.name)},${place(host.address)} ${key.publicLine}\n`);
    });
    return lines.join("");
  }

  /** Takes everything down and leaves nothing: processes, mounts, links, cgroups, files. May be called twice. */
  async down(): Promise<void> {
    await Lab.down(this.prefix);
  }

  async #save(): Promise<void> {
    const hosts = this.hosts.map(({ spec, hostKeys }) => ({ spec, hostKeys }));
    await writeRecord(this.#names, { ...this.#record, hosts });
  }
}

/** Makes the lab's name ours: clears what is left of an earlier one, picks a subnet, says that we are here. */
async function claim(options: LabOptions, names: LabNames, base: string): Promise<LabRecord> {
  const there = await readRecord(names);
  if (there !== undefined && there.owner.pid !== process.pid) {
    const start = await startOf(there.owner.pid);
    if (start === there.owner.start) {
      throw new LabError(`lab ${options.prefix} is in use by process ${there.owner.pid}: choose another prefix`);
    }
  }
  await clear(names);
  await mkdir(names.folder, { recursive: true, mode: 0o700 });
  const subnet = chooseSubnet(options.subnet, options.prefix, options.hosts.length, await usedSubnets());
  await makeBridge(names, subnet);
  await setSystemdHosts(options.prefix, options.hosts.filter(({ kind }) => kind === "systemd").length);
  const keys = await makeKeys(join(names.folder, "keys"));
  const owner = { pid: process.pid, start: (await startOf(process.pid)) ?? "" };
  const record: LabRecord = {
    prefix: options.prefix,
    subnet: formatSubnet(subnet),
    owner,
    ready: false,
    base,
    keys,
    hosts: [],
  };
  await writeRecord(names, record);
  return record;
}

function addressIn(subnet: Subnet, hosts: readonly HostSpec[], name: string): string {
  return hostAddress(
    subnet,
    hosts.findIndex((host) => host.name === name),
  );
}

function addressesOf(subnet: Subnet, hosts: readonly HostSpec[]): Record<string, string> {
  return Object.fromEntries(hosts.map((host, index) => [host.name, hostAddress(subnet, index)]));
}
