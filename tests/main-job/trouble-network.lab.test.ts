import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { whyNoLab } from "../../examples/lab/lab.ts";
import { CuttingRelay } from "./cutting-relay.ts";
import { VERSION } from "./ground.ts";
import { expectClean, expectRight, expectUntouched, installations } from "./machine-facts.ts";
import { Site } from "./site.ts";
import { codesOf, rootLogIn, TOLERANT } from "./trouble-program.ts";

const UNREACHABLE = ["closed", "dropped", "off", "silent", "banner"] as const;

/**
 * Within the package, which is 2.9 MiB, and beyond the 2 MiB that sshd takes on trust: what comes after these is sent only
 * once the machine has begun to read.
 */
const CUT_AFTER_BYTES = 2.5 * 2 ** 20;

// Runs and hosts end when they do; nothing here is about how long that takes on a busy machine.
vi.setConfig({ testTimeout: 600_000, hookTimeout: 900_000 });

describe.skipIf(whyNoLab() !== undefined)("machines that cannot be reached, or not for long", () => {
  let site: Site;
  let once: CuttingRelay;
  let always: CuttingRelay;

  beforeAll(async () => {
    site = await Site.up({
      prefix: "tnet",
      hosts: [
        { name: "good", kind: "light" },
        { name: "closed", kind: "light", sshd: "none" },
        { name: "dropped", kind: "light", firewall: "drop-ssh" },
        { name: "off", kind: "light" },
        { name: "silent", kind: "light", sshd: "silent" },
        { name: "banner", kind: "light", sshd: "banner-then-silent" },
        { name: "cut-once", kind: "light" },
        { name: "cut-always", kind: "light" },
      ],
    });
    const { gateway } = site.lab;
    const relayTo = (host: string, cuts: number) =>
      CuttingRelay.open({
        listenAt: gateway,
        to: { host: site.host(host).address, port: 22 },
        cutAfterBytes: CUT_AFTER_BYTES,
        cuts,
      });
    once = await relayTo("cut-once", 1);
    always = await relayTo("cut-always", Number.POSITIVE_INFINITY);
    await site.host("off").stop();
  });

  afterAll(async () => {
    await once?.close();
    await always?.close();
    await site?.down();
  });

  /** One that is not reached is within the budget of this one only if `maxUnreachable` lets it. */
  function program(maxUnreachable: number) {
    const throughRelay = (relay: CuttingRelay) =>
      site.configuration({
        targets: { ips: [site.lab.gateway] },
        linux: rootLogIn(site, { port: relay.port }),
        rollout: TOLERANT,
      });
    return site.program({
      fleet: site.configuration({
        targets: {
          ips: site.addresses("good", ...UNREACHABLE),
          hostnames: ["no-such-machine.invalid"],
          // The last address of the lab's network belongs to nobody: absent, and no reason to fail.
          ipRanges: [emptyRangeOf(site.lab.subnet)],
        },
        // Long enough for a busy machine that answers, and as short as that allows for those that never will.
        linux: rootLogIn(site, { connectTimeout: "20s" }),
        rollout: { maxUnreachable, attempts: 1 },
      }),
      once: throughRelay(once),
      always: throughRelay(always),
    });
  }

  test("up names each of them with its code, and the others get their agents", async () => {
    await site.write(program(UNREACHABLE.length));
    const output = await site.failingUp();

    expect(await codesOf(site, ["good", ...UNREACHABLE])).toEqual({
      good: "installed",
      closed: "port-closed",
      dropped: "port-filtered",
      off: expect.stringMatching(/^(port-filtered|connect-timeout)$/),
      silent: "connect-timeout",
      banner: "connect-timeout",
    });
    expect((await site.results())["no-such-machine.invalid"]).toMatchObject({ code: "dns-failed" });
    expect(await site.summary()).toMatchObject({ succeeded: 1, unreachable: 6, absent: 1, failed: 0 });
    expect(output).toContain(`[port-closed] ${site.host("closed").address}: `);
    expect(output).toContain("[dns-failed] no-such-machine.invalid: ");
    await expectRight(site.host("good"), VERSION);
    await expectUntouched(site.host("dropped"));
  });

  test("a connection that is cut in the middle of the package is made again, and the package installed once", async () => {
    expect(once.cut).toBe(1);
    expect((await site.results("once"))[site.lab.gateway]).toMatchObject({ code: "installed", version: VERSION });
    await expectRight(site.host("cut-once"), VERSION);
  });

  test("one that is cut every time is said to be so, and leaves nothing on the machine", async () => {
    expect(always.cut).toBeGreaterThan(1);
    expect((await site.results("always"))[site.lab.gateway]).toMatchObject({ code: "upload-failed" });
    await expectClean(site.host("cut-always"));
    await expectUntouched(site.host("cut-always"));
  });

  test("the next up works on exactly those that are not right, and tolerates as many as it may", async () => {
    await site.host("dropped").setFirewall("none");
    await site.host("off").start();
    await always.close();
    await site.write(program(4));
    const output = await site.up();

    expect(await codesOf(site, ["good", ...UNREACHABLE])).toEqual({
      good: "unchanged",
      closed: "port-closed",
      dropped: "installed",
      off: "installed",
      silent: "connect-timeout",
      banner: "connect-timeout",
    });
    expect(output).toContain(`tolerated: [port-closed] ${site.host("closed").address}: `);
    for (const host of ["good", "dropped", "off"]) await expectRight(site.host(host), VERSION);
    expect((await site.results("once"))[site.lab.gateway]).toMatchObject({ code: "installed" });
    expect(await installations(site.host("cut-once"))).toEqual([VERSION]);
  });
});

/** A range of one address, the last one of a network in CIDR form. @example emptyRangeOf("10.80.0.0/24") // "10.80.0.254-10.80.0.254" */
function emptyRangeOf(subnet: string): string {
  const [base = ""] = subnet.split("/");
  const address = base.replace(/[.]\d+$/, ".254");
  return `${address}-${address}`;
}
