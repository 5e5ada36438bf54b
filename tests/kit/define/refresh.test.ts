import { expect, test } from "vitest";
import * as z from "zod";
import { defineResource } from "../../../provider/kit/define/resource.ts";
import { unknown } from "../../../provider/kit/define/value.ts";

const inputs = z.object({ look: z.boolean().default(true).meta({ description: "Whether to look again." }) });
const definition = {
  name: "Thing",
  description: "A thing.",
  inputs,
  outputs: z.object({ seen: z.boolean().meta({ description: "Whether it was seen." }) }),
};

test("a resource is not read before an update unless it says so", () => {
  const { descriptor } = defineResource(definition);
  expect(descriptor.refreshBeforeUpdate({})).toBe(false);
  expect(descriptor.refreshDependsOnInputs).toBe(false);
});

test("the inputs may say whether a resource is read before an update", () => {
  const { descriptor } = defineResource({ ...definition, refreshBeforeUpdate: ({ look }) => look !== false });
  expect(descriptor.refreshDependsOnInputs).toBe(true);
  expect(descriptor.refreshBeforeUpdate({ look: true })).toBe(true);
  expect(descriptor.refreshBeforeUpdate({ look: false })).toBe(false);
  expect(descriptor.refreshBeforeUpdate({ look: unknown })).toBe(true);
});
