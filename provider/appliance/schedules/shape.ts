import * as z from "zod";
import { parseSchedule } from "./parse.ts";

/**
 * The property `schedule` of resources and functions. Whatever is wrong is a failure at the part that is, such as
 * `schedule.day`.
 */
export const scheduleShape = z
  .object({
    every: z.string().meta({
      description:
        'How often: an interval (`"15 minutes"`, `"2 hours"`; from 1 minute to 720 hours), `"day"`, a weekday (`"monday"`), `"month"` for a day of every month, or the name of a month (`"march"`) for a day of that one. Intervals count from 1970-01-01T00:00Z: 15 minutes are the quarters of every hour.',
      examples: ["15 minutes", "day", "monday", "month", "march"],
    }),
    at: z
      .string()
      .optional()
      .meta({
        description:
          'The time of day, `"02:30"` or `"2:30 AM"`; needed for everything but intervals. A time that the clock jumps over in spring runs right after the jump, one that comes twice in autumn runs once.',
        examples: ["02:30", "11:45 PM"],
      }),
    day: z
      .int()
      .optional()
      .meta({
        description:
          'The day of the month, for `"month"` and the names of months. Months that do not have it are left out: `31` runs seven times a year.',
        examples: [1],
      }),
    timezone: z
      .string()
      .optional()
      .meta({
        description: "The IANA name of the time zone that `at` is of. Default: that of the appliance.",
        examples: ["Europe/Berlin"],
      }),
  })
  .superRefine((words, context) => {
    const parsed = parseSchedule(words);
    if (parsed.ok) return;
    for (const { path, message } of parsed.problems) context.addIssue({ code: "custom", path: [...path], message });
  })
  .meta({ typeName: "ProvisioningSchedule", description: "When a configuration runs by itself." });
