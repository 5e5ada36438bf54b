import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { whyNoLab } from "../../examples/lab/lab.ts";
import { VERSION } from "./ground.ts";
import { connectionsFrom, expectRight, expectUntouched, installations } from "./machine-facts.ts";
import { Site, secret } from "./site.ts";
import { codesOf, rootLogIn, TOLERANT } from "./trouble-program.ts";

const PASSWORD = "the-right-password-of-ops";
const MEBIBYTE = 2 ** 20;

// Runs and hosts end when they do; nothing here is about how long that takes on a busy machine.
vi.setConfig({ testTimeout: 600_000, hookTimeout: 900_000 });

describe.skipIf(whyNoLab() !== undefined)("machines that do not let us in, or not far enough", () => {
  let site: Site;

  beforeAll(async () => {
    const ops = { name: "ops", password: PASSWORD } as const;
    site = await Site.up({
      prefix: "tlogin",
      hosts: [
        { name: "good", kind: "light" },
        // Its sshd starts anew by itself, and the agent stays up meanwhile.
        { name: "renewed", kind: "systemd" },
        { name: "stranger", kind: "light" },
        { name: "wrongpw", kind: "light", users: [ops] },
        { name: "keyless", kind: "light", rootAuthorizedKeys: ["rsa"] },
        { name: "plain", kind: "light", users: [{ name: "ops", authorizedKeys: ["ed25519"] }] },
        { name: "nosudo", kind: "light", users: [{ ...ops, sudo: "none" }] },
        { name: "asking", kind: "light", users: [{ ...ops, authorizedKeys: ["ed25519"], sudo: "password" }] },
        { name: "tiny", kind: "light", smallDiskBytes: 2 * MEBIBYTE },
      ],
    });
    const opsByKey = rootLogIn(site, { username: "ops" });
    const opsByPassword = { username: "ops", password: secret(PASSWORD) };
    const one = (host: string, linux: unknown) =>
      site.configuration({ targets: { ips: site.addresses(host) }, linux, rollout: TOLERANT });
    await site.write(
      site.program({
        fleet: site.configuration({ targets: { ips: site.addresses("good", "renewed") } }),
        stranger: one("stranger", rootLogIn(site, { hostKeys: { policy: "strict" } })),
        wrongpw: one("wrongpw", { ...opsByPassword, password: secret("a-wrong-password-of-ops") }),
        keyless: one("keyless", rootLogIn(site)),
        plain: one("plain", opsByKey),
        nosudo: one("nosudo", { ...opsByPassword, become: { method: "sudo" } }),
        asking: one("asking", { ...opsByKey, become: { method: "sudo" } }),
        tiny: one("tiny", rootLogIn(site)),
      }),
    );
  });

  afterAll(() => site?.down());

  const codeOf = async (host: string) => (await codesOf(site, [host], host))[host];

  test("each is refused for its own reason in one up, and the others get their agents", async () => {
    const output = await site.up();
    expect(await codesOf(site, ["good", "renewed"])).toEqual({ good: "installed", renewed: "installed" });
    for (const host of ["good", "renewed"]) await expectRight(site.host(host), VERSION);

    const refused = {
      stranger: "host-key-unknown",
      wrongpw: "auth-failed",
      keyless: "auth-failed",
      plain: "no-privilege",
      nosudo: "no-privilege",
      asking: "sudo-password",
      tiny: "disk-full",
    };
    for (const [host, code] of Object.entries(refused)) {
      expect(await codeOf(host), host).toBe(code);
      expect(output).toContain(`tolerated: [${code}] ${site.host(host).address}: `);
      await expectUntouched(site.host(host));
    }
    expect(output).not.toContain(PASSWORD);
    expect(output).not.toContain("a-wrong-password-of-ops");
  });

  test("a wrong password is offered once in all", async () => {
    const said = await connectionsFrom(site.host("wrongpw"), site.lab.gateway);
    expect(said.filter((line) => line.startsWith("Failed password for ops"))).toHaveLength(1);
  });

  test("a host key that changed stops the work on that machine until somebody accepts the new one", async () => {
    await site.host("renewed").newHostKey();
    // What the program asks for changes, so that every machine is worked on.
    const fleet = (keepPackage: boolean) =>
      site.fleet({ targets: { ips: site.addresses("good", "renewed") }, agent: { keepPackage } });
    await site.write(fleet(true));
    const { address } = site.host("renewed");
    expect(await site.failingUp()).toContain(`[host-key-changed] ${address}: `);
    expect(await codesOf(site, ["good", "renewed"])).toMatchObject({ renewed: "host-key-changed" });
    expect(await installations(site.host("renewed"))).toEqual([VERSION]);

    const forgotten = await site.kace(["hostkeys", "forget", address]);
    expect(forgotten.exitCode, forgotten.output).toBe(0);
    await site.up();
    expect(await codesOf(site, ["good", "renewed"])).toEqual({ good: "unchanged", renewed: "unchanged" });
    for (const host of ["good", "renewed"]) await expectRight(site.host(host), VERSION);
  });
});
