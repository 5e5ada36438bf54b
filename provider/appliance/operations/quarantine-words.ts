import * as z from "zod";
import { conditionsOf, machineFilter } from "../filter/filter.ts";

/** What is decided about a device. */
export const verdict = z.enum(["approve", "block"]);

export type Verdict = z.output<typeof verdict>;

/** Whom a rule means: a filter over what a device says of itself before it is approved, so without labels. */
export const quarantineRule = machineFilter.superRefine((filter, context) => {
  for (const { condition, path } of conditionsOf(filter)) {
    if (condition.property === "label")
      context.addIssue({
        code: "custom",
        path: [...path, "property"],
        message: "a device in quarantine has no labels; expected what it says of itself, such as hostname or address",
      });
  }
});
