import { expect, it } from "vitest";
import { ApplianceError } from "../../provider/appliance/errors.ts";
import { type OperationName, operations } from "../../provider/appliance/operations/table.ts";
import { problemsOfInput, wrongInput } from "../../provider/appliance/wrong-input.ts";
import { kuidOf } from "./devices.ts";

const script = { type: "script", kuids: [kuidOf(1)], payload: { script: "true" } };

it.each<[OperationName, unknown, string, string]>([
  [
    "queueTasks",
    { ...script, timeoutSeconds: 0 },
    "queueTasks: timeoutSeconds: expected number to be >=1",
    "timeoutSeconds: expected number to be >=1",
  ],
  [
    "planUpdates",
    { changes: { windows: [{ from: "25:00", to: "06:00" }], hold: "canary" }, limit: 0 },
    'planUpdates: changes.windows[0].from: expected a time of day from "00:00" to "23:59"; changes.hold: expected boolean, received string; limit: expected number to be >=1',
    'windows[0].from: expected a time of day from "00:00" to "23:59"; hold: expected boolean, received string; limit: expected number to be >=1',
  ],
  ["getToken", null, "getToken: expected object, received null", "expected object, received null"],
])(
  "what is wrong with the input of %s is said at its place, and to people without its name",
  (name, input, message, problems) => {
    const { error } = operations[name].input.safeParse(input);
    if (error === undefined) throw new Error("it is taken");
    const refused = wrongInput(name, error);
    expect(refused).toMatchObject({ code: "invalid", message });
    expect(problemsOfInput(refused)).toBe(problems);
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

it.each<[ApplianceError["code"], string]>([
  ["invalid", "windows[1]: it overlaps windows[0]"],
  ["invalid", "toString: it is no operation"],
  ["not-found", "getToken: there is none"],
])("%s: %s is another refusal", (code, message) => {
  expect(problemsOfInput(new ApplianceError({ code, message }))).toBeUndefined();
});
