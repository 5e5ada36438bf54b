import { expect } from "vitest";
import * as z from "zod";
import type { LabHost } from "../../examples/lab/lab.ts";

const PACKAGE = "kace-reference-agent";

/** What is waited for on a machine comes when it comes, however busy this one is. */
export const EVENTUALLY = { timeout: 120_000, interval: 500 };

const status = z.object({ connected: z.boolean(), state: z.string(), agentVersion: z.string(), kuid: z.string() });

/** What the agent of a machine says of itself; undefined where there is none. */
export async function agentStatus(host: LabHost): Promise<z.output<typeof status> | undefined> {
  const { exitCode, stdout } = await host.exec(["cat", "/var/lib/kace-reference/status.json"]);
  return exitCode === 0 ? status.parse(JSON.parse(stdout)) : undefined;
}

/** The versions of the agent that were put on a machine, in order, as dpkg's own log has them. */
export async function installations(host: LabHost): Promise<string[]> {
  const lines = (await host.dpkgLog()).map((line) => line.split(" "));
  return lines
    .filter(([, , verb, name]) => (verb === "install" || verb === "upgrade") && name?.startsWith(PACKAGE))
    .map((words) => words.at(-1) ?? "");
}

/** Staging directories, locks and receipts in the making: what must not stay on a machine. */
export async function leftovers(host: LabHost): Promise<string[]> {
  const list =
    "ls -d /var/tmp/pulumi-kace-* /run/pulumi-kace.* /var/lock/pulumi-kace.* /var/lib/pulumi-kace/*.new 2>/dev/null || true";
  return (await host.run(["sh", "-c", list])).split("\n").filter((line) => line !== "");
}

/** What the machine's sshd has said of connections from an address. */
export async function connectionsFrom(host: LabHost, address: string): Promise<string[]> {
  return (await host.sshdLog()).filter((line) => line.includes(address));
}

/** The machine has the agent once, connected and approved, and nothing of the work is left on it. */
export async function expectRight(host: LabHost, version: string): Promise<void> {
  // A connection may break and be made again at any time, on a busy machine most of all.
  await expect
    .poll(() => agentStatus(host), { ...EVENTUALLY, message: `the agent of ${host.name}` })
    .toMatchObject({ connected: true, state: "approved", agentVersion: version });
  expect(await installations(host), host.name).toEqual([version]);
  await expectClean(host);
}

/** Nothing of the work is left on the machine, at once or as soon as what still runs there has ended. */
export async function expectClean(host: LabHost): Promise<void> {
  await expect.poll(() => leftovers(host), { ...EVENTUALLY, message: `what is left on ${host.name}` }).toEqual([]);
}

/** Nothing of the agent is on the machine. */
export async function expectUntouched(host: LabHost): Promise<void> {
  expect(await installations(host), host.name).toEqual([]);
  expect(await host.exists("/opt/kace-reference"), host.name).toBe(false);
  expect(await host.exists("/var/lib/pulumi-kace"), host.name).toBe(false);
  expect(await leftovers(host), host.name).toEqual([]);
}
