import { readFile } from "node:fs/promises";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { PackageFile } from "../../tools/agent-packages/build.ts";
import type { YamlResource } from "../e2e/project.ts";
import { type PlayedNameServer, startNameServer } from "../rollout/dns/played-name-server.ts";
import { Site, secret } from "./site.ts";

const OLD = "1.4.2";
const NEW = "1.5.0";
const NAME = "named.corp.example";
const PASSWORDS = { ops: "sudo asks for this", root: "log in with this" } as const;

let site: Site;
let names: PlayedNameServer;

beforeAll(async () => {
  site = await Site.up({
    prefix: "twelve",
    packages: [{ version: OLD }, { version: NEW }],
    hosts: [
      { name: "bykey", kind: "systemd" },
      { name: "bykeyrpm", kind: "systemd", family: "rpm" },
      {
        name: "sudo",
        kind: "systemd",
        family: "rpm",
        users: [{ name: "deploy", sudo: "nopasswd", authorizedKeys: ["ed25519"] }],
      },
      {
        name: "sudopw",
        kind: "systemd",
        users: [{ name: "ops", sudo: "password", password: PASSWORDS.ops, authorizedKeys: ["ecdsa"] }],
      },
      { name: "password", kind: "systemd", family: "rpm", rootPassword: PASSWORDS.root },
      { name: "encrypted", kind: "systemd", rootAuthorizedKeys: ["encrypted"] },
      { name: "bastion", kind: "systemd" },
      { name: "inner", kind: "systemd", behind: "bastion" },
      { name: "right", kind: "systemd" },
      { name: "older", kind: "systemd" },
      { name: "foreign", kind: "systemd" },
      { name: "named", kind: "systemd", family: "rpm" },
    ],
  });
  names = await startNameServer({ [NAME]: { A: site.addresses("named") } });
});

afterAll(async () => {
  await names?.stop();
  await site?.down();
});

/** As many configurations as there are ways to log in. */
function configurations(version: string): Record<string, YamlResource> {
  const { ed25519, ecdsa, encrypted } = site.lab.keys;
  const by = (targets: readonly string[], linux: Record<string, unknown>, more: Record<string, unknown> = {}) =>
    site.configuration({ targets: { ips: site.addresses(...targets) }, agent: { version: OLD }, linux, ...more });
  const key = { username: "root", privateKey: secret(ed25519.privateKey) };
  return {
    byKey: by(["bykey", "bykeyrpm", "bastion", "right", "foreign"], key),
    older: by(["older"], key, { agent: { version } }),
    bySudo: by(["sudo"], { ...key, username: "deploy", become: { method: "sudo" } }),
    bySudoPassword: by(["sudopw"], {
      username: "ops",
      privateKey: secret(ecdsa.privateKey),
      become: { method: "sudo", password: secret(PASSWORDS.ops) },
    }),
    byPassword: by(["password"], { username: "root", password: secret(PASSWORDS.root) }),
    byEncryptedKey: by(["encrypted"], {
      username: "root",
      privateKey: secret(encrypted.privateKey),
      passphrase: secret(encrypted.passphrase ?? ""),
    }),
    byJump: by(["inner"], {
      ...key,
      bypassPortCheck: true,
      jumpHosts: [{ host: site.host("bastion").address, ...key }],
    }),
    byName: site.configuration({
      targets: { hostnames: [NAME], ips: site.addresses("named") },
      agent: { version: OLD },
      dns: { nameServer: names.address },
      linux: key,
    }),
  };
}

/** Puts an agent on a machine by hand that is told to connect to a server of somebody else. */
async function installByHand(host: string, deb: PackageFile): Promise<void> {
  const one = site.host(host);
  await one.writeFile("/root/agent.deb", await readFile(deb.path));
  await one.run(["dpkg", "--install", "/root/agent.deb"]);
  const configuration = JSON.stringify({ server: "kbox.of.somebody.example:8443" });
  await one.run(["/opt/kace-reference/bin/kace-agent", "configure"], { stdin: configuration });
}

describe("twelve machines under as many configurations as their log-ins need", () => {
  test("two of them have an agent already: one is right, one is older", async () => {
    const { byKey, older } = configurations(OLD);
    const before = { ...byKey, properties: { ...byKey?.properties, targets: { ips: site.addresses("right") } } };
    await site.write(site.program({ byKey: { type: "kace:ProvisioningConfig", ...before }, ...(older && { older }) }));
    await site.up();
    expect(await site.resultOf("right", "byKey")).toMatchObject({ code: "installed", version: OLD });
    expect(await site.resultOf("older", "older")).toMatchObject({ code: "installed", version: OLD });
  });

  test("a third has the agent of another server; then each is brought right in its own way", async () => {
    const [deb] = site.packages.filter(({ format, version }) => format === "deb" && version === OLD);
    if (deb === undefined) throw new Error("there is no .deb");
    await installByHand("foreign", deb);
    await site.write(site.program(configurations(NEW)));
    await site.up();
    const expected: readonly (readonly [host: string, name: string, code: string, version: string])[] = [
      ["bykey", "byKey", "installed", OLD],
      ["bykeyrpm", "byKey", "installed", OLD],
      ["bastion", "byKey", "installed", OLD],
      ["right", "byKey", "unchanged", OLD],
      ["foreign", "byKey", "reconfigured", OLD],
      ["older", "older", "upgraded", NEW],
      ["sudo", "bySudo", "installed", OLD],
      ["sudopw", "bySudoPassword", "installed", OLD],
      ["password", "byPassword", "installed", OLD],
      ["encrypted", "byEncryptedKey", "installed", OLD],
      ["inner", "byJump", "installed", OLD],
    ];
    const found = await Promise.all(
      expected.map(async ([host, name]) => {
        const { code, version } = await site.resultOf(host, name);
        return [host, name, code, version];
      }),
    );
    expect(found).toEqual(expected);
  });

  test("a machine given by name and by address counts once", async () => {
    const results = Object.values(await site.results("byName"));
    expect(results).toEqual([expect.objectContaining({ code: "installed", version: OLD })]);
    expect(await site.summary("byName")).toMatchObject({ succeeded: 1, failed: 0, unreachable: 0 });
  });

  test("all twelve agents are connected to this server", async () => {
    const { exitCode, output } = await site.kace(["devices", "list", "--json"]);
    expect(exitCode, output).toBe(0);
    for (const { name } of site.lab.hosts) expect(output).toContain(`"${name}"`);
  });

  test("then nothing is left to do, on any of them", async () => {
    expect(await site.plan()).toEqual({});
    await site.up("--expect-no-changes");
  });

  test("and a destroy takes all twelve off", async () => {
    await site.destroy();
    for (const host of site.lab.hosts) expect(await host.exists("/opt/kace-reference"), host.name).toBe(false);
  });
});
