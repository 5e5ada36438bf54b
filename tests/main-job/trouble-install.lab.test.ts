import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { whyNoLab } from "../../examples/lab/lab.ts";
import { agentPackages, type Variant } from "../../tools/agent-packages/build.ts";
import { writePackageFolder } from "../../tools/demo/package-folder.ts";
import { VERSION } from "./ground.ts";
import { expectClean, expectRight, installations } from "./machine-facts.ts";
import { Site } from "./site.ts";
import { agentFrom, bundleOf, codesOf, rootLogIn, TOLERANT } from "./trouble-program.ts";

/** Each variant of the package is for the host that is called like it. */
const BROKEN = [
  "fails-to-install",
  "hangs",
  "service-fails",
  "kills-connection",
  "reboots",
] as const satisfies Variant[];
/** 100 MB of bytes that are no UTF-8, and control characters among them, from the package manager itself. */
const LOUD = `post-invoke=head -c 100000000 /dev/zero | tr '\\000' '\\377'; printf '\\n\\033[2J\\303(last words\\n'`;

/** What a machine says of itself that the agent is not made for. */
const OLD_RELEASE = 'ID=debian\nVERSION_ID="7"\nPRETTY_NAME="Debian GNU/Linux 7 (wheezy)"\n';

/** The resource that is the bundle of a variant; the one called like it is its configuration. */
const packagesOf = (variant: Variant) => `${variant}-packages`;

// Runs and hosts end when they do; nothing here is about how long that takes on a busy machine.
vi.setConfig({ testTimeout: 600_000, hookTimeout: 900_000 });

describe.skipIf(whyNoLab() !== undefined)("installers that misbehave", () => {
  let site: Site;

  beforeAll(async () => {
    site = await Site.up({
      prefix: "tinst",
      hosts: [
        { name: "good", kind: "systemd" },
        { name: "loud", kind: "systemd" },
        { name: "old", kind: "systemd" },
        ...BROKEN.map((name) => ({ name, kind: "systemd" }) as const),
      ],
    });
    for (const variant of BROKEN) {
      const packages = await agentPackages({
        version: VERSION,
        architectures: [process.arch === "arm64" ? "arm64" : "amd64"],
        formats: ["deb"],
        flavourOptions: { flavour: "reference", variant },
      });
      await writePackageFolder(join(site.folder, variant), packages);
    }
    await site.host("old").writeFile("/etc/os-release", OLD_RELEASE);
    await site.host("loud").writeFile("/etc/dpkg/dpkg.cfg.d/loud", `${LOUD}\n`);
  });

  afterAll(() => site?.down());

  /** The hosts of broken packages get them from those, or from the good ones. */
  function program(isBroken: boolean) {
    const one = (variant: Variant) =>
      site.configuration({
        targets: { ips: site.addresses(variant) },
        linux: rootLogIn(site),
        rollout: TOLERANT,
        agent: {
          ...(isBroken && agentFrom(packagesOf(variant))),
          // Only the one that hangs comes to its end by this, and all others are far below it even on a busy machine.
          installTimeout: isBroken && variant === "hangs" ? "15s" : "5m",
        },
      });
    return site.program({
      ...Object.fromEntries(BROKEN.map((variant) => [packagesOf(variant), bundleOf(variant)])),
      fleet: site.configuration({ targets: { ips: site.addresses("good", "loud") } }),
      old: site.configuration({
        targets: { ips: site.addresses("old") },
        rollout: TOLERANT,
        allowUnsupported: !isBroken,
      }),
      ...Object.fromEntries(BROKEN.map((variant) => [variant, one(variant)])),
    });
  }

  const codeOf = async (variant: Variant) => (await codesOf(site, [variant], variant))[variant];

  test("each is told apart in one up, and the others get their agents", async () => {
    await site.write(program(true));
    const output = await site.up();
    expect(await codesOf(site, ["good", "loud"])).toEqual({ good: "installed", loud: "installed" });
    expect({
      "fails-to-install": await codeOf("fails-to-install"),
      hangs: await codeOf("hangs"),
      "service-fails": await codeOf("service-fails"),
      // These two come to a good end by themselves: the one on a new connection, the other after the restart.
      "kills-connection": await codeOf("kills-connection"),
      reboots: await codeOf("reboots"),
    }).toEqual({
      "fails-to-install": "install-failed",
      hangs: "install-timeout",
      "service-fails": "service-not-running",
      "kills-connection": "installed",
      reboots: "installed",
    });
    const { address } = site.host("fails-to-install");
    expect(output).toContain(`tolerated: [install-failed] ${address}: the installer ended with exit code 1`);
    for (const host of ["good", "loud", "kills-connection"]) await expectRight(site.host(host), VERSION);
    for (const variant of BROKEN) await expectClean(site.host(variant));
    expect((await site.host("hangs").exec(["pgrep", "-f", "postinst"])).stdout).toBe("");
  });

  test("a system that the agent is not made for is refused with the row that says so, and left as it is", async () => {
    expect(await codesOf(site, ["old"], "old")).toEqual({ old: "unsupported-os" });
    const why = `and the KACE reference agent ${VERSION} is made for: Debian 8 or newer`;
    expect((await site.kace(["results", "--machine", site.host("old").address])).output).toContain(why);
    expect(await site.preview()).toContain("unsupported-os");
    await expectClean(site.host("old"));
  });

  test("the last words of the machine are kept, whatever they are made of", async () => {
    const logOf = async (host: string) => (await site.kace(["logs", site.host(host).address])).output;
    expect(await logOf("fails-to-install")).toContain("this package fails to install, on purpose");
    expect(await logOf("service-fails")).toContain("this service ends at once, on purpose");
    const { size } = new Blob([await logOf("loud")]);
    expect(size).toBeGreaterThan(0);
    expect(size).toBeLessThan(2 ** 20);
  });

  test("with a good package the next up puts every one of them right, and leaves the others alone", async () => {
    const before = await Promise.all(["good", "loud"].map((host) => installations(site.host(host))));
    await site.write(program(false));
    await site.up();
    expect(await codesOf(site, ["old"], "old"), "allowed by the program").toEqual({ old: "installed" });
    await expectRight(site.host("old"), VERSION);
    for (const variant of BROKEN) {
      expect((await site.results(variant))[site.host(variant).address], variant).toMatchObject({ version: VERSION });
      const result = await site.resultOf(variant, variant);
      expect(["succeeded", "unchanged"], JSON.stringify(result)).toContain(result.class);
      await expectClean(site.host(variant));
    }
    expect(await Promise.all(["good", "loud"].map((host) => installations(site.host(host))))).toEqual(before);
    await site.up("--expect-no-changes");
  });
});
