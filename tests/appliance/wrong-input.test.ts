import { expect, it } from "vitest";
import { ApplianceError, applianceErrorData } from "../../provider/appliance/errors.ts";
import { type OperationName, operations } from "../../provider/appliance/operations/table.ts";
import { refusedAt, wrongInput } from "../../provider/appliance/wrong-input.ts";
import { kuidOf } from "./devices.ts";

const script = { type: "script", kuids: [kuidOf(1)], payload: { script: "true" } };

it.each<[OperationName, unknown, string, (string | number)[][]]>([
  [
    "queueTasks",
    { ...script, timeoutSeconds: 0 },
    "queueTasks: timeoutSeconds: expected at least 1",
    [["timeoutSeconds"]],
  ],
  [
    "planUpdates",
    { changes: { windows: [{ from: "25:00", to: "06:00" }], hold: "canary" }, limit: 0 },
    'planUpdates: changes.windows[0].from: expected a time of day from "00:00" to "23:59"; changes.hold: expected boolean, received string; limit: expected at least 1',
    [["changes", "windows", 0, "from"], ["changes", "hold"], ["limit"]],
  ],
  [
    "createToken",
    { name: "t", expiresAt: "2027-02-31T00:00:00Z", useLimit: 1.5 },
    'createToken: expiresAt: expected a moment, such as "2027-06-30T18:00:00Z"; useLimit: expected a whole number',
    [["expiresAt"], ["useLimit"]],
  ],
  ["getToken", null, "getToken: expected object, received null", [[]]],
])(
  "what is wrong with the input of %s is said at its place, also after a way by a wire",
  (name, input, message, paths) => {
    const { error } = operations[name].input.safeParse(input);
    if (error === undefined) throw new Error("it is taken");
    const refused = wrongInput(name, error);
    expect(refused).toMatchObject({ code: "invalid", message });
    const arrived = new ApplianceError(applianceErrorData.parse(JSON.parse(JSON.stringify(refused))));
    expect(arrived.problems?.map(({ path }) => path)).toEqual(paths);
    expect(arrived.message).toBe(message);
  },
);

it("what is wrong in a hundred thousand places is said of the first twenty, with how many more there are", () => {
  const { error } = operations.deviceStates.input.safeParse({ kuids: Array.from({ length: 100_000 }, () => 1) });
  if (error === undefined) throw new Error("it is taken");
  const { message } = wrongInput("deviceStates", error);
  expect(message).toMatch(/^deviceStates: kuids\[0\]: expected string, received number; /);
  expect(message).toMatch(/kuids\[19\]: [^;]+; and \d+ more$/);
  expect(message.length).toBeLessThan(2_000);
});

it("a refusal at a property says it in its message too", () => {
  const refused = refusedAt(["labels", 0], 'there is no label "x"', "make it first");
  expect(refused.toJSON()).toEqual({
    code: "invalid",
    message: 'labels[0]: there is no label "x"',
    hint: "make it first",
    problems: [{ path: ["labels", 0], message: 'there is no label "x"' }],
  });
});
