import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { LabHost } from "../../examples/lab/lab.ts";
import { fullListing, writtenBetween } from "./listing.ts";
import { Site } from "./site.ts";
import { hashesOf, rowsOf } from "./store.ts";

let site: Site;

beforeAll(async () => {
  site = await Site.up({
    prefix: "zero",
    hosts: [
      { name: "deb", kind: "systemd" },
      { name: "rpm", kind: "systemd", family: "rpm" },
    ],
  });
  await site.write(site.fleet({ targets: { ips: site.addresses() } }));
});

afterAll(async () => {
  await site?.down();
});

/** What `work` leaves written on each host, by its name. */
async function writtenBy(work: () => Promise<unknown>): Promise<Record<string, string[]>> {
  const before = await listAll();
  await work();
  const after = await listAll();
  return Object.fromEntries(
    site.lab.hosts.map(({ name }) => [name, writtenBetween(before[name] ?? [], after[name] ?? [])]),
  );
}

async function listAll(): Promise<Record<string, string[]>> {
  return Object.fromEntries(
    await Promise.all(site.lab.hosts.map(async (host) => [host.name, await fullListing(host)] as const)),
  );
}

const NOTHING = { deb: [], rpm: [] };

async function logInsTo(host: LabHost): Promise<number> {
  return (await host.sshdLog()).filter((line) => /^Accepted /.test(line)).length;
}

describe("a preview of what is not there yet", () => {
  test("writes nothing: not on the machines, not in the appliance, not in the state", async () => {
    const [rows, state] = [await rowsOf(site.database), await hashesOf(site.state)];
    expect(await writtenBy(() => site.preview())).toEqual(NOTHING);
    expect(await hashesOf(site.state)).toEqual(state);
    expect(await rowsOf(site.database)).toEqual(rows);
  });
});

test("a check of what stands in the way writes nothing", async () => {
  const { privateKey } = site.lab.keys.ed25519;
  const keyFile = join(site.folder, "check-key");
  await writeFile(keyFile, privateKey, { mode: 0o600 });
  const rows = await rowsOf(site.database);
  const checks: { readonly exitCode: number | null; readonly output: string }[] = [];
  const written = await writtenBy(async () => {
    checks.push(await site.kace(["check", ...site.addresses(), "--key-file", keyFile]));
  });
  expect(written).toEqual(NOTHING);
  expect(await rowsOf(site.database)).toEqual(rows);
  expect(checks[0]).toMatchObject({ exitCode: 0, output: expect.stringMatching(/^server-port +met/m) });
  expect(checks[0]?.output.match(/: ready$/gm)).toHaveLength(2);
});

describe("on machines that are right", () => {
  beforeAll(async () => {
    await site.up();
  });

  test("a change is seen by the listing that the others rely on", async () => {
    const written = await writtenBy(() => site.host("deb").run(["touch", "/etc/hostname"]));
    expect(written.deb).toEqual([
      expect.stringMatching(/^- \/etc\/hostname /),
      expect.stringMatching(/^\+ \/etc\/hostname /),
    ]);
    expect(written.rpm).toEqual([]);
  });

  test("an up writes nothing, and their sshd sees one session", async () => {
    const before = await Promise.all(site.lab.hosts.map(logInsTo));
    expect(await writtenBy(() => site.up("--expect-no-changes"))).toEqual(NOTHING);
    const after = await Promise.all(site.lab.hosts.map(logInsTo));
    expect(after.map((count, index) => count - (before[index] ?? 0))).toEqual([1, 1]);
  });

  test("a preview and a refresh write nothing either", async () => {
    const state = await hashesOf(site.state);
    expect(await writtenBy(() => site.preview("--expect-no-changes"))).toEqual(NOTHING);
    expect(await hashesOf(site.state)).toEqual(state);
    expect(await writtenBy(() => site.refresh("--expect-no-changes"))).toEqual(NOTHING);
  });
});
