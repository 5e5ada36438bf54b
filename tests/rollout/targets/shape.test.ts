import { describe, expect, it } from "vitest";
import * as z from "zod";
import { checkObject } from "../../../provider/kit/define/check.ts";
import { formatPath } from "../../../provider/kit/define/path.ts";
import type { ValueMap } from "../../../provider/kit/define/value.ts";
import { unknown } from "../../../provider/kit/define/value.ts";
import { targetsShape } from "../../../provider/rollout/targets/shape.ts";
import { compiled } from "../../kit/define/compiled.ts";

const shape = compiled(z.object({ targets: targetsShape }));

function failures(targets: ValueMap): string[] {
  return checkObject(shape, { targets }).failures.map(({ path, reason }) => `${formatPath(path)}: ${reason}`);
}

describe("the property targets", () => {
  it.each<[string, ValueMap]>([
    ["lists", { ipRanges: ["10.0.0.0/24"], ips: ["10.1.0.1"], hostnames: ["web[1-3]"], exclude: ["10.0.0.1", "web2"] }],
    ["texts", { ipRanges: "192 168 2-5 1-200, 10.0.0.0/24", ips: "10.1.0.1", hostnames: "a,b", exclude: "a" }],
    ["nothing", {}],
    ["empty lists", { ipRanges: [], ips: "" }],
    ["what is not known yet", { ipRanges: ["nonsense"], ips: [unknown] }],
  ])("takes %s", (_what, targets) => {
    expect(failures(targets)).toEqual([]);
  });

  it("says what is wrong at each item, with its repair", () => {
    expect(failures({ ipRanges: ["10.0.0.1", "192.168.5-2.1-300"], hostnames: "web01:22" })).toEqual([
      'targets.hostnames: "web01:22": has a port behind the host name; did you mean "web01"?',
      'targets.ipRanges[1]: "192.168.5-2.1-300": octet 3, "5-2", runs from high to low; octet 4, "1-300", goes beyond 255; did you mean "192.168.2-5.1-255"?',
    ]);
  });

  it("refuses other types, and names that are none of its own", () => {
    expect(failures({ ips: [1], hostname: ["a"] })).toEqual([
      'targets.hostname: unknown property; did you mean "hostnames"?',
      "targets.ips[0]: expected a string, got a whole number",
    ]);
  });
});
