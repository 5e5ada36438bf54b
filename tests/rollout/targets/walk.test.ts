import { execFile } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";
import { describe, expect, it } from "vitest";
import { parseTargets } from "../../../provider/rollout/targets/parse-targets.ts";
import { LARGE, sizeProblem } from "../../../provider/rollout/targets/size.ts";

describe("a network of sixteen million addresses", () => {
  it("is walked to its end in a process that may not hold 32 MB", { timeout: 300_000 }, async () => {
    const module = join(import.meta.dirname, "../../../provider/rollout/targets/parse-targets.ts");
    const program = `
      const { parseTargets } = await import(${JSON.stringify(module)});
      const parsed = parseTargets({ ipRanges: ["10.0.0.0/8"] });
      let [count, last] = [0, ""];
      for (const target of parsed.targets.walk()) { count += 1; last = target.key; }
      console.log(JSON.stringify({ count, last }));
    `;
    const args = ["--max-old-space-size=32", "--input-type=module", "--eval", program];
    const { stdout } = await promisify(execFile)(process.execPath, args);
    expect(JSON.parse(stdout)).toEqual({ count: 16_777_216, last: "10.255.255.255" });
  });
});

describe("the number of targets", () => {
  it.each([
    ["10.0.0.0/16", "", false, undefined],
    ["10.0.0.0/15", "", false, `131072 targets; more than ${LARGE} need allowLarge: true`],
    ["10.0.0.0/15", "10.1.0.0/16", false, undefined],
    ["10.0.0.0/8", "", true, undefined],
    ["10.0.0.0/8", "", false, `16777216 targets; more than ${LARGE} need allowLarge: true`],
    ["", "", false, "no target is left: nothing is given, or all of it is excluded"],
    ["10.0.0.0/30", "10.0.0.0/24", true, "no target is left: nothing is given, or all of it is excluded"],
  ])("of %j without %j, allowLarge %j: %j", (ipRanges, exclude, allowLarge, problem) => {
    const parsed = parseTargets({ ipRanges, exclude });
    if (!parsed.ok) throw new Error("the targets are wrong");
    expect(sizeProblem(parsed.targets, { allowLarge })?.message).toBe(problem);
  });
});
