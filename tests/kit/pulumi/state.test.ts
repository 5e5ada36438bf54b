import { describe, expect, it } from "vitest";
import * as z from "zod";
import { defineResource, type MigratedState } from "../../../provider/kit/define/resource.ts";
import { getKey, type ValueMap } from "../../../provider/kit/define/value.ts";
import { markInputs, markOutputs, readRecorded, readRecordedInputs } from "../../../provider/kit/pulumi/state.ts";

/** Version 0 counted whole units under the same name, so a step that is taken twice is seen. */
function hundredfold({ inputs, outputs }: MigratedState): MigratedState {
  const inCents = (map: ValueMap): ValueMap => ({ ...map, amount: Number(getKey(map, "amount")) * 100 });
  return { inputs: inCents(inputs), outputs: inCents(outputs) };
}

const { descriptor } = defineResource({
  name: "Purse",
  description: "Some money.",
  inputs: z.object({ amount: z.int().meta({ description: "How much, in cents." }) }),
  outputs: z.object({ owner: z.string().meta({ description: "Whose it is." }) }),
  stateVersion: 1,
  migrations: { 0: hundredfold },
});

const oldInputs = { amount: 12 };
const oldOutputs = { amount: 12, owner: "ada" };
const present = { inputs: { amount: 1200 }, outputs: { amount: 1200, owner: "ada" }, incomplete: false };

describe("state of an older version", () => {
  it("is brought up to date", () => {
    expect(readRecorded(descriptor, oldInputs, oldOutputs)).toEqual(present);
  });

  it("whose inputs are new already, since the engine recorded them with the last unchanged run, is migrated once", () => {
    const checked = markInputs(descriptor, present.inputs);
    expect(readRecorded(descriptor, checked, oldOutputs)).toEqual(present);
  });

  it("that was migrated stays as it is", () => {
    const outputs = markOutputs(descriptor, present.outputs, { incomplete: false, made: undefined });
    expect(readRecorded(descriptor, markInputs(descriptor, present.inputs), outputs)).toEqual(present);
    expect(readRecorded(descriptor, present.inputs, outputs)).toEqual(present);
  });

  it("is brought up to date for a check, which gets the inputs alone", () => {
    expect(readRecordedInputs(descriptor, oldInputs)).toEqual(present.inputs);
    expect(readRecordedInputs(descriptor, markInputs(descriptor, present.inputs))).toEqual(present.inputs);
    expect(readRecordedInputs(descriptor, {})).toEqual({});
  });
});

describe("state of a newer version is refused with what to do,", () => {
  it.each([
    ["by its outputs", { amount: 1 }, { __version: 2 }],
    ["by its inputs", { amount: 1, __version: 2 }, {}],
  ])("%s", (_, inputs, outputs) => {
    expect(() => readRecorded(descriptor, inputs, outputs)).toThrow("written by a newer version of the provider");
  });
});
