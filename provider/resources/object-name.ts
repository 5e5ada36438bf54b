import * as z from "zod";

/** The longest name that an appliance takes. */
export const MAX_NAME_LENGTH = 200;

/** The name of something on the appliance: one line that neither begins nor ends with a blank. */
export function objectName() {
  return z
    .string()
    .min(1)
    .max(MAX_NAME_LENGTH)
    .regex(/^\S(?:.*\S)?$/, { error: "expected one line that neither begins nor ends with a blank" });
}
