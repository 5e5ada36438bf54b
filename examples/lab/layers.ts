import { mkdir, symlink } from "node:fs/promises";
import { join } from "node:path";
import { type Base, layersOf } from "./base.ts";
import { inParallel, succeed } from "./command.ts";
import { hostFolder, type LabNames, layersFolder } from "./names.ts";
import { scripts } from "./scripts.ts";
import type { HostSpec } from "./spec.ts";

/** Character devices that every system has: name, major and minor number. */
const DEVICES = [
  ["null", 1, 3],
  ["zero", 1, 5],
  ["full", 1, 7],
  ["random", 1, 8],
  ["urandom", 1, 9],
  ["tty", 5, 0],
] as const;

/** The whole file system of a host as the controller sees it. */
export function rootOf(names: LabNames, host: string): string {
  return join(hostFolder(names, host), "root");
}

/** What light hosts have as /dev; they share it. */
export function devicesFolder(names: LabNames): string {
  return join(layersFolder(names), "dev");
}

/** Mounts the roots of all hosts: the base below, a writable layer in memory above. */
export async function mountRoots(names: LabNames, base: Base, hosts: readonly HostSpec[]): Promise<void> {
  const layers = layersFolder(names);
  await mkdir(layers, { recursive: true });
  await succeed(["mount", "-t", "tmpfs", "-o", "mode=0755,size=50%", `lab-${names.prefix}`, layers]);
  await makeDevices(devicesFolder(names));
  const folders = new Map(hosts.map((host) => [host, join(layers, "hosts", host.name)] as const));
  await inParallel([...folders], 32, async ([host, folder]) => {
    await mkdir(join(folder, "upper"), { recursive: true });
    await mkdir(join(folder, "work"));
    await mkdir(rootOf(names, host.name), { recursive: true });
  });
  const lines = [...folders].map(([host, folder]) => {
    const lower = layersOf(base, host).join(":");
    return `${rootOf(names, host.name)} lowerdir=${lower},upperdir=${folder}/upper,workdir=${folder}/work\n`;
  });
  await succeed(["sh", "-c", scripts.mount, "mount"], { stdin: lines.join("") });
  for (const host of hosts) {
    if (host.smallDiskBytes !== undefined) await mountSmallDisk(names, host.name, host.smallDiskBytes);
  }
}

/** One small file system in three places: where packages are staged and where agents live. */
async function mountSmallDisk(names: LabNames, host: string, sizeBytes: number): Promise<void> {
  const disk = join(hostFolder(names, host), "small-disk");
  await mkdir(disk);
  await succeed(["mount", "-t", "tmpfs", "-o", `mode=0755,size=${sizeBytes}`, "small-disk", disk]);
  for (const [place, mode] of [
    ["tmp", "1777"],
    ["var/tmp", "1777"],
    ["opt", "0755"],
  ] as const) {
    const folder = join(disk, place.replace("/", "-"));
    await succeed(["mkdir", "-m", mode, folder]);
    await succeed(["mount", "--bind", folder, join(rootOf(names, host), place)]);
  }
}

async function makeDevices(folder: string): Promise<void> {
  await mkdir(join(folder, "pts"), { recursive: true });
  await succeed(["mkdir", "-m", "1777", join(folder, "shm")]);
  for (const [name, major, minor] of DEVICES) {
    await succeed(["mknod", "-m", "0666", join(folder, name), "c", String(major), String(minor)]);
  }
  for (const [name, target] of [
    ["fd", "/proc/self/fd"],
    ["stdin", "/proc/self/fd/0"],
    ["stdout", "/proc/self/fd/1"],
    ["stderr", "/proc/self/fd/2"],
    ["ptmx", "pts/ptmx"],
  ] as const) {
    await symlink(target, join(folder, name));
  }
}
