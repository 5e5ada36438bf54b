import { describe, expect, test } from "vitest";
import { droppedTargets, reallyGone, standingOf, targetOf } from "../../provider/resources/provisioning/dropped.ts";
import type { Results } from "../../provider/rollout/results.ts";
import { parseTargets, type TargetSpec } from "../../provider/rollout/targets/parse-targets.ts";

function targets(spec: TargetSpec) {
  const parsed = parseTargets(spec);
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.problems));
  return parsed.targets;
}

const right = { action: "install", class: "succeeded", code: "installed" } as const;
const failed = { action: "remove", class: "failed", code: "remove-failed" } as const;

describe("machines that are no targets any more", () => {
  const keys = (...args: Parameters<typeof droppedTargets>) => droppedTargets(...args).map(({ key }) => key);

  test("are those that are recorded and not wanted now", () => {
    const recorded: Results = { web01: right, web02: right, "192.168.2.9": right };
    expect(keys(undefined, targets({ hostnames: ["web01"], ips: ["192.168.2.9"] }), recorded, true)).toEqual(["web02"]);
  });

  test("stay among them while their removal fails, though the program did not change since", () => {
    const now = targets({ hostnames: ["web01"] });
    expect(keys(now, now, { web01: right, web02: failed }, true)).toEqual(["web02"]);
  });

  test("are not every silent address of a range that was taken away, where all machines are recorded", () => {
    const old = targets({ ipRanges: ["192.168.2.0/24"] });
    expect(keys(old, targets({ ips: ["192.168.2.1"] }), { "192.168.2.1": right }, true)).toEqual([]);
  });

  test("of a fleet too large to be recorded are what the program took away", () => {
    const old = targets({ hostnames: ["web[01-04]"] });
    expect(keys(old, targets({ hostnames: ["web[01-02]"] }), { web04: failed }, false)).toEqual(["web04", "web03"]);
  });

  test.each([
    ["web01.corp", { key: "web01.corp", name: "web01.corp", origin: "name" }],
    ["192.168.2.9", { key: "192.168.2.9", address: "192.168.2.9", origin: "address" }],
    ["[fd00::1]", { key: "[fd00::1]", address: "fd00::1", origin: "address" }],
  ])("%s is reached by what it is recorded as", (key, target) => {
    expect(targetOf(key)).toEqual(target);
  });
});

test("machines are known by what is recorded of them too, where a run did not work on them", () => {
  const recorded: Results = { old01: { ...right, identity: "kuid-0001" }, old02: right };
  const stays = standingOf({ web01: { ...right, identity: "kuid-0001" } });
  expect(reallyGone([targetOf("old01"), targetOf("old02")], recorded, stays).map(({ key }) => key)).toEqual(["old02"]);
});

describe("a machine that lost one of its names", () => {
  const dropped = [targetOf("web01"), targetOf("web02"), targetOf("web03")];
  const recorded: Results = {
    web01: { ...right, address: "192.168.2.1" },
    web02: { ...right, identity: "5779a35b-0ba7-4450-9ef3-fe37d6cda08e" },
    web03: right,
  };

  test.each([
    ["by the address it is a target by now", { machine: "192.168.2.1" }, ["web02", "web03"]],
    ["by the address of another name", { machine: "www", address: "192.168.2.1" }, ["web02", "web03"]],
    ["by its agent", { machine: "w2", kuid: "5779a35b-0ba7-4450-9ef3-fe37d6cda08e" }, ["web01", "web03"]],
    ["not by what it has not", { machine: "other" }, ["web01", "web02", "web03"]],
  ])("is known %s", (_how, stays, gone) => {
    expect(reallyGone(dropped, recorded, [stays]).map(({ key }) => key)).toEqual(gone);
  });
});
