import * as z from "zod";
import { moment } from "./fields.ts";

/** A schedule in the words of a program; what they mean is in `schedules/parse.ts`. */
export const scheduleWords = z.object({
  every: z.string().max(100),
  at: z.string().max(100).optional(),
  day: z.int().optional(),
  timezone: z.string().max(100).optional(),
});

/** Why a run ended before its first machine, so that there are no results that say it. */
export const runFault = z.object({ at: moment, message: z.string().max(4_000) });
