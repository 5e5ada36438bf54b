import { describe, expect, test } from "vitest";
import { hostNeeds } from "../../tools/test/system.ts";

describe("the system packages for tests on real hosts", () => {
  test.each([
    ["all are there", { lab: true, sshd: true, missing: [] }, []],
    ["there is no SSH server", { lab: true, sshd: false, missing: [] }, ["openssh-server"]],
    [
      "the lab lacks some",
      { lab: true, sshd: true, missing: ["debootstrap", "nftables"] },
      ["debootstrap", "nftables"],
    ],
    ["all are missing", { lab: true, sshd: false, missing: ["debootstrap"] }, ["openssh-server", "debootstrap"]],
    ["there can be no lab anyway", { lab: false, sshd: false, missing: ["debootstrap"] }, []],
  ])("where %s", (_, found, packages) => {
    const needs = hostNeeds(found);
    expect(needs.flatMap((need) => need.packages)).toEqual(packages);
    expect(needs.every((need) => /^[a-z]/.test(need.missing))).toBe(true);
  });
});
