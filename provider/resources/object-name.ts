import * as z from "zod";
import { MAX_NAME_LENGTH } from "../appliance/operations/fields.ts";

/** The name of something on the appliance: one line that neither begins nor ends with a blank. */
export function objectName() {
  return z
    .string()
    .min(1)
    .max(MAX_NAME_LENGTH)
    .regex(/^\S(?:.*\S)?$/, { error: "expected one line that neither begins nor ends with a blank" });
}
