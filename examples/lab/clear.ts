import { rm, rmdir, stat } from "node:fs/promises";
import { join } from "node:path";
import { cgroupsOf, removeCgroup } from "./cgroups.ts";
import { inParallel } from "./command.ts";
import { isCode } from "./error.ts";
import { setSystemdHosts } from "./limits.ts";
import { mountsBelow, unmountBelow } from "./mounts.ts";
import type { LabNames } from "./names.ts";
import { linksOf, namespacesOf, removeNetwork } from "./network.ts";
import { killAll, processesOf } from "./processes.ts";

/** What there is of a lab on this machine, as the system itself tells it. */
export interface Traces {
  readonly processes: readonly number[];
  readonly cgroups: readonly string[];
  readonly mounts: readonly string[];
  readonly namespaces: readonly string[];
  readonly links: readonly string[];
}

/** Looks for all that a lab, or a run of it that crashed, has left. */
export async function tracesOf(names: LabNames): Promise<Traces> {
  const namespaces = await namespacesOf(names);
  return {
    processes: await processesOf(names.prefix, namespaces),
    cgroups: await cgroupsOf(names.hostPrefix),
    mounts: await mountsBelow(names.folder),
    namespaces,
    links: await linksOf(names),
  };
}

/**
 * Removes all there is of a lab. It relies on nothing that the lab has written down, so it works as well after a crash
 * at any moment. The caller holds the lock of the labs.
 */
export async function clear(names: LabNames): Promise<void> {
  const namespaces = await namespacesOf(names);
  await killAll(names.prefix, namespaces);
  await inParallel(await cgroupsOf(names.hostPrefix), 16, removeCgroup);
  await removeNspawnLocks(names);
  await unmountBelow(names.folder);
  await removeNetwork(names);
  for (const namespace of namespaces) await removeNspawnFolder(namespace);
  await rm(names.folder, { recursive: true, force: true });
  await setSystemdHosts(names.prefix, 0);
}

/** nspawn makes a folder for what is mounted into a machine later, and leaves it. */
async function removeNspawnFolder(machine: string): Promise<void> {
  await removeIfEmpty(`/run/systemd/nspawn/propagate/${machine}`);
}

/** nspawn locks a root by its device and inode while it runs; killed, it leaves the file. */
async function removeNspawnLocks(names: LabNames): Promise<void> {
  for (const root of await mountsBelow(join(names.folder, "hosts"))) {
    const { dev, ino } = await stat(root);
    await rm(`/run/systemd/nspawn/locks/inode-${dev}:${ino}`, { force: true });
  }
}

async function removeIfEmpty(folder: string): Promise<void> {
  try {
    await rmdir(folder);
  } catch (error) {
    if (!isCode(error, "ENOENT", "ENOTEMPTY")) throw error;
  }
}
