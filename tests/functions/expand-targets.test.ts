import { describe, expect, it } from "vitest";
import { expand, expandTargets } from "../../provider/functions/expand-targets.ts";

const all = { allowLarge: false, limit: 1_000, offset: 0 };

describe("expandTargets", () => {
  it("contradicts itself nowhere", () => {
    expect(expandTargets.descriptor.contradictions).toEqual([]);
  });

  it("gives the machines as results name them", () => {
    const targets = {
      hostnames: ["web[01-02].corp"],
      ipRanges: "192 168 2-3 1-2",
      ips: ["fd00::1"],
      exclude: "192.168.2.1",
    };
    expect(expand({ ...all, targets })).toEqual({
      count: 6,
      machines: ["web01.corp", "web02.corp", "192.168.2.2", "192.168.3.1", "192.168.3.2", "[fd00::1]"],
      truncated: false,
    });
  });

  it("gives a part from anywhere, and the count of all, of sixteen million", () => {
    const targets = { ipRanges: ["10.0.0.0/8"] };
    expect(expand({ targets, allowLarge: true, limit: 2, offset: 16_777_213 })).toEqual({
      count: 16_777_216,
      machines: ["10.255.255.253", "10.255.255.254"],
      truncated: true,
    });
    expect(expand({ targets, allowLarge: true, limit: 2, offset: 16_777_214 }).truncated).toBe(false);
    expect(expand({ targets, allowLarge: true, limit: 0, offset: 0 })).toMatchObject({ machines: [], truncated: true });
    expect(expand({ targets, allowLarge: true, limit: 9, offset: 16_777_216 }).machines).toEqual([]);
  });

  it.each([
    [
      { ipRanges: ["10.0.0.0/8"] },
      { path: ["targets"], message: "16777216 targets; more than 65536 need allowLarge: true" },
    ],
    [
      { ips: "10.0.0.1", exclude: "10.0.0.1" },
      { path: ["targets"], message: /^no target is left/ },
    ],
    [
      { ipRanges: ["192.168.5-2.1-300"] },
      { path: ["targets", "ipRanges", 0], message: /did you mean "192.168.2-5.1-255"\?$/ },
    ],
  ])("refuses %j", (targets, { path, message }) => {
    const attempt = () => expand({ ...all, targets });
    expect(attempt).toThrow(message);
    expect(attempt).toThrow(expect.objectContaining({ code: "invalid-input", path }));
  });
});
