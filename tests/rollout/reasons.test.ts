import { describe, expect, it } from "vitest";
import { reasons } from "../../provider/rollout/reasons.ts";
import { outcome } from "./outcomes.ts";

describe("the reasons of a failed rollout", () => {
  it("are one line for each machine: its code, what happened and what to do", () => {
    expect(
      reasons([
        outcome("web03", "not-attempted", { message: "1 machine failed and 0 may" }),
        outcome("web01", "installed"),
        outcome("web02", "port-closed", { message: "nothing listens on port 22", hint: "start sshd there" }),
      ]),
    ).toEqual([
      "[port-closed] web02: nothing listens on port 22: start sshd there",
      "[not-attempted] web03: 1 machine failed and 0 may: run `pulumi up` again",
    ]);
  });

  it("name the machine in the commands that they give, such that a shell takes them", () => {
    expect(
      reasons([
        outcome("web01", "not-connected"),
        outcome("fd00::1", "quarantined", { hint: "approve it with `kace quarantine approve <machine>`" }),
        outcome("web 2", "install-failed"),
      ]).map((line) => line.match(/`(.*)`/)?.[1]),
    ).toEqual(["kace diagnose web01", "kace quarantine approve fd00::1", "kace logs 'web 2'"]);
  });

  it("are none where all is right", () => {
    expect(reasons([outcome("a", "unchanged"), outcome("b", "removed")])).toEqual([]);
  });

  it("name the first twenty of many alike and count the others", () => {
    const alike = Array.from({ length: 500 }, (_, index) => outcome(`m${index}`, "port-filtered"));
    const lines = reasons([...alike, outcome("other", "disk-full")]);
    expect(lines).toHaveLength(22);
    expect(lines[19]).toContain("m19");
    expect(lines[20]).toBe("[port-filtered] and 480 more with the same code");
    expect(lines[21]).toContain("[disk-full] other");
  });
});
