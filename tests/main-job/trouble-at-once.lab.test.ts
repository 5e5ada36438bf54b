import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { whyNoLab } from "../../examples/lab/lab.ts";
import { startCli } from "../e2e/cli.ts";
import { VERSION } from "./ground.ts";
import { expectClean, expectRight, installations } from "./machine-facts.ts";
import { Site } from "./site.ts";
import { codesOf, TOLERANT } from "./trouble-program.ts";

// Runs and hosts end when they do; nothing here is about how long that takes on a busy machine.
vi.setConfig({ testTimeout: 600_000, hookTimeout: 900_000 });

describe.skipIf(whyNoLab() !== undefined)("one machine that several want", () => {
  let site: Site;

  beforeAll(async () => {
    site = await Site.up({
      prefix: "tonce",
      hosts: [
        { name: "double", kind: "light" },
        { name: "contested", kind: "light" },
        { name: "shared", kind: "light" },
      ],
    });
  });

  afterAll(() => site?.down());

  test("a machine with two addresses, one of them given three times, is worked on once", async () => {
    const { address } = site.host("double");
    const second = address.replace(/[.]\d+$/, ".200");
    await site.host("double").run(["ip", "address", "add", `${second}/24`, "dev", "eth0"]);
    await site.write(
      site.fleet({ targets: { ips: [address, second, address], ipRanges: [`${address}-${address}`, `${second}/32`] } }),
    );
    await site.up();
    const results = await site.results();
    expect(Object.keys(results)).toHaveLength(1);
    expect([address, second]).toContain(Object.keys(results)[0]);
    expect(Object.values(results)).toMatchObject([{ code: "installed", version: VERSION }]);
    await expectRight(site.host("double"), VERSION);
    await site.up("--expect-no-changes");
  });

  test("of two configurations that want one machine at the same time, one gets it and the other is told so", async () => {
    const one = () => site.configuration({ targets: { ips: site.addresses("contested") }, rollout: TOLERANT });
    await site.write(site.program({ red: one(), blue: one() }));
    const output = await site.up();
    const codes = [await codesOf(site, ["contested"], "red"), await codesOf(site, ["contested"], "blue")].map(
      ({ contested }) => contested,
    );
    expect(codes.filter((code) => code === "installed")).toHaveLength(1);
    const refused = codes.find((code) => code !== "installed");
    expect(["busy", "claimed"]).toContain(refused);
    expect(output).toContain(`tolerated: [${refused}] ${site.host("contested").address}: `);
    await expectRight(site.host("contested"), VERSION);
  });

  test("two runs of one configuration at the same time take turns, and the second has nothing left to do", async () => {
    await site.write(site.fleet({ targets: { ips: site.addresses("shared") } }));
    // Another checkout of the same program with a state of its own: only the appliance knows that both are one.
    const state = join(site.folders.root, "state-of-another");
    await mkdir(state);
    const another = { ...placeOf(site), state };
    const init = await (await startCli(another, ["stack", "init", "dev"])).ended;
    expect(init.exitCode, init.output).toBe(0);
    const args = ["up", "--yes", "--skip-preview"];
    const runs = [await startCli(site, args), await startCli(another, args)];
    for (const { exitCode, output } of await Promise.all(runs.map(({ ended }) => ended)))
      expect(exitCode, output).toBe(0);
    expect(await installations(site.host("shared"))).toEqual([VERSION]);
    await expectRight(site.host("shared"), VERSION);
    await expectClean(site.host("shared"));
    const listed = await site.kace(["config", "list", "--json"]);
    expect(JSON.parse(listed.output)).toHaveLength(1);
  });
});

function placeOf({ folder, home, state, environment }: Site) {
  return { folder, home, state, environment };
}
