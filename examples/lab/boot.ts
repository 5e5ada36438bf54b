import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { succeed } from "./command.ts";
import { listenerMode } from "./configure.ts";
import { isCode } from "./error.ts";
import { devicesFolder, rootOf } from "./layers.ts";
import { hostFolder, type LabNames, MARK } from "./names.ts";
import { isAlive, leaderBelow, startDetached, startOf } from "./processes.ts";
import { scripts } from "./scripts.ts";
import type { HostSpec } from "./spec.ts";

function pidFile(names: LabNames, host: string): string {
  return join(hostFolder(names, host), "pid");
}

/** Where a host's console goes to. */
export function consoleLog(names: LabNames, host: string): string {
  return join(hostFolder(names, host), "console.log");
}

/** Switches hosts on; they are up some time later. */
export async function startHosts(names: LabNames, hosts: readonly HostSpec[]): Promise<void> {
  for (const host of hosts.filter(({ kind }) => kind === "systemd")) {
    const argv = [
      "sh",
      "-c",
      scripts.supervise,
      "supervise",
      `${names.hostPrefix}${host.name}`,
      rootOf(names, host.name),
    ];
    const pid = await startDetached(names.prefix, argv, consoleLog(names, host.name));
    await recordCarrier(names, host.name, pid);
  }
  const light = hosts.filter(({ kind }) => kind === "light");
  if (light.length === 0) return;
  const lines = light.map((host) =>
    [
      `${names.hostPrefix}${host.name}`,
      rootOf(names, host.name),
      devicesFolder(names),
      pidFile(names, host.name),
      consoleLog(names, host.name),
      listenerMode(host),
      host.sshPort ?? 22,
      host.name,
    ].join(" "),
  );
  await succeed(["sh", "-c", scripts.startLight, "start", scripts.light], {
    stdin: `${lines.join("\n")}\n`,
    env: { ...process.env, [MARK]: names.prefix },
  });
  for (const host of light) {
    const pid = Number(await readFile(pidFile(names, host.name), "utf8"));
    await recordCarrier(names, host.name, pid);
  }
}

/**
 * The process on the controller that carries a host, where it still runs. Its file holds its start beside its number,
 * which may be somebody else's once it has ended.
 */
export async function carrierOf(names: LabNames, host: string): Promise<number | undefined> {
  try {
    const [pid, start] = (await readFile(pidFile(names, host), "utf8")).trim().split(" ");
    const same = start !== undefined && (await startOf(Number(pid))) === start;
    return same && (await isAlive(Number(pid))) ? Number(pid) : undefined;
  } catch (error) {
    if (isCode(error, "ENOENT")) return undefined;
    throw error;
  }
}

async function recordCarrier(names: LabNames, host: string, pid: number): Promise<void> {
  const start = await startOf(pid);
  await writeFile(pidFile(names, host), start === undefined ? "ended" : `${pid} ${start}`);
}

/** The first process of a host, where it is up, by its number on the controller. */
export async function leaderOf(names: LabNames, host: string): Promise<number | undefined> {
  const carrier = await carrierOf(names, host);
  return carrier === undefined ? undefined : leaderBelow(carrier);
}
