import * as z from "zod";
import { OUTCOME_CLASSES } from "./outcome-classes.ts";

/** The class of an outcome. */
export const outcomeClass = z.enum(OUTCOME_CLASSES);

/** The step log of one machine: longer ones are cut in their middle before they come here. */
export const MAX_LOG_BYTES = 65_536;
