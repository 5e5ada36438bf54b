import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { ref, type YamlResource } from "../e2e/project.ts";
import { OtherUsersView } from "./other-users-view.ts";
import { Site } from "./site.ts";

/** Values that stand nowhere else in the world. */
const CANARY = {
  tokenValue: "canary-token-5e0a1f77c2",
  rootPassword: "canary-root-password-81d3",
  sudoPassword: "canary-sudo-password-c07b",
  wrongPassword: "canary-wrong-password-2f9e",
} as const;

let site: Site;
/** What must not be found: the canaries, the passphrase, and lines out of the middle of the keys. */
let secrets: Record<string, string>;
/** All that the CLI and the plugin said, at the highest level of detail. */
const said: string[] = [];
const views: Record<string, string> = {};

beforeAll(async () => {
  site = await Site.up({
    prefix: "secrets",
    hosts: [
      { name: "password", kind: "systemd", rootPassword: CANARY.rootPassword },
      {
        name: "sudo",
        kind: "systemd",
        family: "rpm",
        users: [{ name: "ops", password: CANARY.sudoPassword, sudo: "password", authorizedKeys: ["encrypted"] }],
      },
      { name: "refused", kind: "light" },
    ],
  });
  const { encrypted } = site.lab.keys;
  secrets = { ...CANARY, passphrase: encrypted.passphrase ?? "", key: encrypted.privateKey.split("\n")[2] ?? "" };
  await site.writeProject({
    ...(await presentProject()),
    config: Object.fromEntries(
      [...Object.keys(CANARY), "passphrase", "privateKey"].map((name) => [name, { type: "string", secret: true }]),
    ),
    resources: program(),
  });
  for (const [name, value] of Object.entries(CANARY)) await site.setSecret(name, value);
  await site.setSecret("passphrase", encrypted.passphrase ?? "");
  await site.setSecret("privateKey", encrypted.privateKey);

  const hosts = ["password", "sudo"] as const;
  const looking = await Promise.all(hosts.map((host) => OtherUsersView.of(site.host(host))));
  said.push(await site.preview());
  said.push(await site.failingUp("--debug", "--verbose=9", "--logtostderr"));
  said.push(await site.fail(["up", "--yes", "--diff", "--debug"]));
  const seen = await Promise.all(looking.map((one) => one.end()));
  for (const [index, host] of hosts.entries()) views[host] = seen[index] ?? "";
});

afterAll(async () => {
  await site?.down();
});

async function presentProject(): Promise<Record<string, unknown>> {
  return JSON.parse(await readFile(join(site.folder, "Pulumi.yaml"), "utf8"));
}

/** Two configurations that go well and one whose password is refused; every secret comes from the stack's settings. */
function program(): Record<string, YamlResource> {
  const { token, agents, ...rest } = site.program({
    byPassword: site.configuration({
      targets: { ips: site.addresses("password") },
      linux: { username: "root", password: ref("rootPassword") },
    }),
    bySudo: site.configuration({
      targets: { ips: site.addresses("sudo") },
      linux: {
        username: "ops",
        privateKey: ref("privateKey"),
        passphrase: ref("passphrase"),
        become: { method: "sudo", password: ref("sudoPassword") },
      },
    }),
    refused: site.configuration({
      targets: { ips: site.addresses("refused") },
      linux: { username: "root", password: ref("wrongPassword") },
    }),
  }).resources ?? { token: undefined, agents: undefined };
  if (token === undefined || agents === undefined) throw new Error("the program has neither token nor bundle");
  return { token: { ...token, properties: { adoptValue: ref("tokenValue") } }, agents, ...rest };
}

/** Which secrets stand in a text, also in base64. */
function foundIn(text: string): string[] {
  return Object.entries(secrets)
    .filter(([, value]) => {
      const encoded = Buffer.from(value).toString("base64").replace(/=+$/, "");
      return text.includes(value) || text.includes(encoded);
    })
    .map(([name]) => name);
}

async function foundBelow(folder: string): Promise<string[]> {
  const found: string[] = [];
  let files = 0;
  for (const entry of await readdir(folder, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile()) continue;
    const path = join(entry.parentPath, entry.name);
    files += 1;
    found.push(...foundIn(await readFile(path, "latin1")).map((name) => `${name} in ${path}`));
  }
  expect(files, folder).toBeGreaterThan(0);
  return found;
}

describe("token, passwords, key and passphrase", () => {
  test("do their work", async () => {
    expect(secrets.key).toMatch(/^[A-Za-z0-9+/=]{40,}$/);
    expect(await site.resultOf("password", "byPassword")).toMatchObject({ code: "installed" });
    expect(await site.resultOf("sudo", "bySudo")).toMatchObject({ code: "installed" });
    expect(await site.resultOf("refused", "refused")).toMatchObject({ code: "auth-failed" });
  });

  test("are in nothing that the CLI, the engine or the plugin said, errors included", () => {
    const [preview = "", verbose = "", diff = ""] = said;
    expect(verbose).toContain("auth-failed");
    expect(diff).toContain("auth-failed");
    // At this level the engine dumps every property that it sends or gets, secret or not, whatever the provider is.
    const dumps = /arshaling property for RPC\[/;
    const lines = verbose.split("\n");
    expect(lines.some((line) => dumps.test(line))).toBe(true);
    const others = lines.filter((line) => !dumps.test(line)).join("\n");
    expect(others).toContain("kace:index:ProvisioningConfig");
    expect([preview, others, diff].flatMap(foundIn)).toEqual([]);
  });

  test("are in no file of the state, of the CLI's own folder, or of the project", async () => {
    for (const folder of [site.state, site.home, site.folder]) expect(await foundBelow(folder)).toEqual([]);
  });

  test("are in no file of the appliance, which keeps them encrypted, and not in its server's log", async () => {
    expect(await foundBelow(site.database)).toEqual([]);
    expect(foundIn(await site.serverLog())).toEqual([]);
  });

  test("are not in what `kace` tells", async () => {
    const told = await Promise.all(
      [
        ["results", "--json"],
        ["tokens", "list", "--json"],
        ["config", "list", "--json"],
        ["devices", "list", "--json"],
        ...site.addresses().map((address) => ["logs", address]),
      ].map((args) => site.kace(args)),
    );
    const text = told.map(({ output }) => output).join("\n");
    expect(text).toContain("auth-failed");
    expect(foundIn(text)).toEqual([]);
  });

  test.each(["password", "sudo"])("were not to be seen in the processes of %s, whoever looked", (host) => {
    // Else nothing was looked at.
    expect(views[host]).toMatch(/sshd/);
    expect(views[host]).toMatch(/dpkg|rpm/);
    expect(foundIn(views[host] ?? "")).toEqual([]);
  });

  test.each(["password", "sudo"])("are in no file and not in the journal of %s", async (name) => {
    const host = site.host(name);
    const patterns = Object.values(secrets).join("\n");
    const places = ["/etc", "/opt", "/var", "/run", "/tmp", "/root", "/home", "/usr/local"];
    // 1: nothing found; 2 would be: something could not be read.
    const search = ["grep", "--recursive", "--files-with-matches", "--fixed-strings", "--no-messages", "--binary"];
    const { stdout } = await host.exec([...search, "--file=-", ...places], { stdin: `${patterns}\n` });
    expect(stdout).toBe("");
    await host.run(["journalctl", "--sync"]);
    const journal = await host.run(["journalctl", "--no-pager", "--output=export"]);
    expect(journal).toContain("sshd");
    expect(foundIn(journal)).toEqual([]);
  });

  test("a key that is none is refused without its text", async () => {
    const text = `-----BEGIN OPENSSH PRIVATE KEY-----\n${CANARY.tokenValue}\n-----END OPENSSH PRIVATE KEY-----\n`;
    await site.setSecret("privateKey", text);
    const output = await site.fail(["preview"]);
    expect(output).toMatch(/privateKey/);
    expect(foundIn(output)).toEqual([]);
  });
});
