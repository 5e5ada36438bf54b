import { describe, expect, it } from "vitest";
import { DEFAULT_AGENT_SETTINGS } from "../../../provider/appliance/operations/settings.ts";
import { brokenLimits, isBroken } from "../../../provider/appliance/updates/broken.ts";
import { inRolloutOrder, percentAt, shareOf, shareOfCount } from "../../../provider/appliance/updates/rollout-steps.ts";
import { chooseVersion, type LoadedPackage } from "../../../provider/appliance/updates/wanted-version.ts";
import { device } from "../devices.ts";

const HOUR = 3_600;

function packageOf(version: string, more: Partial<LoadedPackage> = {}): LoadedPackage {
  return {
    fileName: `agent-${version}`,
    platform: "linux",
    architecture: "amd64",
    format: "deb",
    version,
    sha256: version.padEnd(64, "0"),
    sizeBytes: 1,
    flavour: "quest",
    ...more,
  };
}

describe("the version that a policy has for a machine", () => {
  const { os } = device(1);
  const choose = (
    agentVersion: string,
    version: string,
    packages: readonly LoadedPackage[],
    deniedVersions: string[] = [],
  ) => {
    const choice = chooseVersion({ agentVersion, flavour: "quest", os }, { version, deniedVersions }, packages);
    return choice.kind === "update"
      ? `${choice.package.version} to ${choice.version}`
      : choice.kind === "refused"
        ? choice.code
        : choice.kind;
  };

  it.each<[string, string, string[], string]>([
    ["12.0", "latest", ["12.1", "13.0"], "13.0 to 13.0"],
    ["12.0", "n-1", ["12.1", "13.0"], "12.1 to 12.1"],
    ["12.0", "n-1", ["13.0"], "no-package"],
    ["13.0", "latest", ["12.1", "13.0"], "right"],
    ["13.1", "latest", ["12.1", "13.0"], "right"],
    ["13.0", "n-1", ["12.1", "13.0"], "right"],
    ["12.0", "13", ["12.1", "13.0"], "13.0 to 13.0"],
    ["12.0", "14", ["12.1", "13.0"], "no-package"],
    ["12.0", "latest", [], "no-package"],
    // "Managed machines must be at Agent version 5.1 or 5.3 before they can be updated to Agent version 5.4."
    ["5.1", "5.4", ["5.4"], "5.4 to 5.4"],
    ["5.3.2", "5.4", ["5.4"], "5.4 to 5.4"],
    ["5.2", "5.4", ["5.4"], "version-gate"],
    ["5.2", "5.4", ["5.3", "5.4"], "5.3 to 5.4"],
    ["5.0", "latest", ["5.1", "5.4", "11.0", "14.1"], "5.1 to 14.1"],
    ["5.1", "latest", ["5.1", "5.4", "11.0", "14.1"], "11.0 to 14.1"],
  ])("%s, where %s is wanted of %j, is %s", (installed, wanted, versions, expected) => {
    expect(
      choose(
        installed,
        wanted,
        versions.map((version) => packageOf(version)),
      ),
    ).toBe(expected);
  });

  it("is none that is denied, and none for another machine or another kind of agent", () => {
    const packages = [packageOf("12.1"), packageOf("13.0")];
    expect(choose("12.0", "latest", packages, ["13"])).toBe("12.1 to 12.1");
    expect(choose("12.0", "latest", packages, ["13.0", "12.1"])).toBe("version-denied");
    expect(choose("12.0", "latest", [packageOf("13.0", { architecture: "arm64" })])).toBe("no-package");
    expect(choose("12.0", "latest", [packageOf("13.0", { flavour: "reference" })])).toBe("no-package");
    const other = chooseVersion(
      { agentVersion: "1", flavour: "other", os },
      { version: "latest", deniedVersions: [] },
      packages,
    );
    expect(other).toMatchObject({ kind: "refused", code: "unknown-flavour" });
  });

  it("is looked for among many versions without going all the ways there are", () => {
    const many = Array.from({ length: 40 }, (_, index) => packageOf(`4.${index}`));
    expect(choose("4.0", "5.4", [...many, packageOf("5.4")])).toBe("version-gate");
  });
});

describe("a rollout", () => {
  const machines = Array.from({ length: 200 }, (_, index) => ({ kuid: `machine-${index}` }));
  const steps = [
    { percent: 10, afterSeconds: 0 },
    { percent: 50, afterSeconds: 24 * HOUR },
  ];

  it("comes to the same machines first at every look, and to others in another generation", () => {
    const order = (generation: string) => inRolloutOrder(machines, generation).map(({ kuid }) => kuid);
    expect(inRolloutOrder([...machines].reverse(), "1").map(({ kuid }) => kuid)).toEqual(order("1"));
    expect(order("2")).not.toEqual(order("1"));
    expect([...order("2")].sort()).toEqual(machines.map(({ kuid }) => kuid).sort());
  });

  it.each([
    [-1, 0],
    [0, 10],
    [24 * HOUR - 1, 10],
    [24 * HOUR, 50],
    [1_000 * HOUR, 50],
  ])("is %i seconds after its beginning at its step of %i percent", (seconds, percent) => {
    expect(percentAt(steps, 1_000_000, 1_000_000 + seconds * 1_000)).toBe(percent);
  });

  it("begins with one machine at least, and lets a share of failures be less than one", () => {
    expect([shareOf(10, 45), shareOf(1, 3), shareOf(100, 45), shareOf(10, 0)]).toEqual([5, 1, 45, 0]);
    expect([shareOfCount("10%", 45), shareOfCount("10%", 9), shareOfCount(3, 1)]).toEqual([4, 0, 3]);
  });
});

describe("a broken agent", () => {
  it.each([
    ["is one that has missed three inventories", {}, 3 * HOUR],
    ["may bring one at every other check-in", { inventoryIntervalSeconds: 2 * HOUR }, 6 * HOUR],
    [
      "brings none more often than it checks in",
      { runIntervalSeconds: 4 * HOUR, inventoryIntervalSeconds: HOUR },
      12 * HOUR,
    ],
    [
      "is not asked outside of its communications window",
      { communicationsWindow: { from: "22:00", to: "06:00" } },
      19 * HOUR,
    ],
    [
      "is not asked for two days where its windows are short",
      { communicationsWindow: { from: "22:00", to: "00:00" } },
      47 * HOUR,
    ],
  ])("%s", (_, settings, expected) => {
    expect(brokenLimits({ ...DEFAULT_AGENT_SETTINGS, ...settings }).missingSeconds).toBe(expected);
  });

  it.each([
    ["one run interval", { inventoryIntervalSeconds: 24 * HOUR }, HOUR],
    ["one in its window", { communicationsWindow: { from: "22:00", to: "06:00" } }, 17 * HOUR],
  ])("had the chance to bring one after %s", (_, settings, expected) => {
    expect(brokenLimits({ ...DEFAULT_AGENT_SETTINGS, ...settings }).connectedSeconds).toBe(expected);
  });

  it.each([
    ["connected without an inventory", { connectedSinceMs: 0 }, true],
    ["connected, with an old one", { connectedSinceMs: 0, inventoryAtMs: 1 }, false],
    ["back since a while, and has brought none since it was enrolled", { connectedSinceMs: 8_000 }, true],
    ["back since a while, and its last one is old", { connectedSinceMs: 8_000, inventoryAtMs: 0 }, true],
    ["back since a while, and its last one is not", { connectedSinceMs: 8_000, inventoryAtMs: 5_000 }, false],
    ["back just now, whatever it brought", { connectedSinceMs: 8_001, inventoryAtMs: 0 }, false],
    ["enrolled a while ago only", { connectedSinceMs: 5_000, enrolledAtMs: 5_000 }, false],
    ["not connected", { connected: false }, false],
  ])("that is %s counts: %s", (_, facts, expected) => {
    const agent = { connected: true, connectedSinceMs: undefined, inventoryAtMs: undefined, enrolledAtMs: 0, ...facts };
    expect(isBroken(agent, { missingSeconds: 10, connectedSeconds: 2, nowMs: 10_000 })).toBe(expected);
  });
});
