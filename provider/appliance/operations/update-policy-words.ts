import * as z from "zod";
import { isTimezone, problemOfTimezone } from "../schedules/timezones.ts";
import { isCalendarDay, problemOfDay } from "../updates/blackout-dates.ts";

/** A version by number, as packages have it. */
export const exactVersion = z
  .string()
  .max(100)
  .regex(/^v?\d+(?:\.\d+)*(?:[-~+][\w.~+-]+)?$/i, 'expected a version, such as "14.1.19"');

/** A day of every year, `12-24`, or of one, `2026-12-24`. */
export const calendarDay = z
  .string()
  .max(10)
  .refine(isCalendarDay, { error: ({ input }) => problemOfDay(String(input)) });

/** How many blackouts by date a policy may have. */
export const MAX_BLACKOUT_DATES = 100;

/** The IANA name of a time zone. */
export const timezone = z.string().refine(isTimezone, { error: ({ input }) => problemOfTimezone(String(input)) });
