import { expect, it } from "vitest";
import { ApplianceError, type InputProblem } from "../../provider/appliance/errors.ts";
import { inOptions, usageErrorOf } from "../../provider/cli/input-faults.ts";
import { UsageError } from "../../provider/cli/session.ts";

const OPTION_OF = {
  runIntervalSeconds: "--run-interval",
  windows: "--window",
  allMachines: "--all-machines",
  "payload.at": "--at",
};

const invalid = (...problems: InputProblem[]) =>
  new ApplianceError({ code: "invalid", message: "updateSettings: all of it", hint: "a hint", problems });

it.each<[InputProblem[], string]>([
  [[{ path: ["runIntervalSeconds"], message: "expected less" }], "--run-interval: expected less"],
  [[{ path: ["windows", 1], message: "it overlaps windows[0]" }], "the 2nd --window: it overlaps the 1st --window"],
  [[{ path: ["windows", 10], message: "no window" }], "the 11th --window: no window"],
  [[{ path: ["changes", "windows", 0, "from"], message: "no time" }], "the 1st --window: no time"],
  [[{ path: ["windows", "to"], message: "no time" }], "--window: no time"],
  [[{ path: ["payload", "at"], message: "it is past" }], "--at: it is past"],
  [[{ path: [], message: "say `allMachines: true` or `windows`" }], "say `--all-machines yes` or `--window`"],
  [[{ path: ["changes", "hold"], message: "expected boolean" }], "hold: expected boolean"],
  [[{ path: [], message: "expected object" }], "expected object"],
  [
    [
      { path: ["runIntervalSeconds"], message: "expected less" },
      { path: [], message: "and 3 more" },
    ],
    "--run-interval: expected less; and 3 more",
  ],
])("what an appliance refuses is said of the options of a command: %j", (problems, text) => {
  const fault = usageErrorOf(invalid(...problems), OPTION_OF);
  expect(fault).toBeInstanceOf(UsageError);
  expect(fault).toMatchObject({ message: text, hint: "a hint" });
});

it.each(["not-found", "invalid"] as const)("what is %s is wrong usage", (code) => {
  const fault = usageErrorOf(new ApplianceError({ code, message: "there is none", hint: "a hint" }));
  expect(fault).toBeInstanceOf(UsageError);
  expect(fault).toMatchObject({ message: "there is none", hint: "a hint" });
});

it("every other error stays as it is", async () => {
  const away = new ApplianceError({ code: "unavailable", message: "it does not answer" });
  expect(usageErrorOf(away)).toBeUndefined();
  await expect(inOptions(OPTION_OF, () => Promise.reject(away))).rejects.toBe(away);
  expect(await inOptions(OPTION_OF, async () => 7)).toBe(7);
});
