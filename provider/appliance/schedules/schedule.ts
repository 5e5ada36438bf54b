/** A time of day on the clock of some time zone. */
export interface TimeOfDay {
  /** 0 to 23. */
  readonly hour: number;
  readonly minute: number;
}

interface AtTimeOfDay {
  readonly at: TimeOfDay;
  /** IANA name; absent for that of the appliance. */
  readonly timezone?: string | undefined;
}

/**
 * When a configuration runs by itself. The forms are those of the administrator guide's "Scheduling Agent provisioning":
 * every n minutes or hours; every day or a weekday at a time; the nth of every month or of one month at a time.
 */
export type Schedule =
  | { readonly kind: "interval"; readonly minutes: number }
  | ({ readonly kind: "daily" } & AtTimeOfDay)
  /** `weekday`: 0 is Sunday. */
  | ({ readonly kind: "weekly"; readonly weekday: number } & AtTimeOfDay)
  | ({ readonly kind: "monthly"; readonly day: number } & AtTimeOfDay)
  /** `month`: 1 is January. */
  | ({ readonly kind: "yearly"; readonly month: number; readonly day: number } & AtTimeOfDay);

/** A schedule in the words of a program. */
export interface ScheduleWords {
  /** `15 minutes`, `2 hours`, `day`, `monday`, `month` or `march`. */
  readonly every: string;
  /** `02:30` or `2:30 AM`. */
  readonly at?: string | undefined;
  /** Of the month. */
  readonly day?: number | undefined;
  readonly timezone?: string | undefined;
}

/** Sunday first, as in {@link Schedule}. */
export const WEEKDAYS = ["sunday", "monday", "tuesday", "wednesday", "thursday", "friday", "saturday"] as const;

/** January first. */
export const MONTHS = [
  "january",
  "february",
  "march",
  "april",
  "may",
  "june",
  "july",
  "august",
  "september",
  "october",
  "november",
  "december",
] as const;

/**
 * A schedule in words, for lists.
 * @example describeSchedule({ kind: "weekly", weekday: 1, at: { hour: 2, minute: 30 } }) // "every monday at 02:30"
 */
export function describeSchedule(schedule: Schedule): string {
  switch (schedule.kind) {
    case "interval":
      return `every ${interval(schedule.minutes)}`;
    case "daily":
      return `every day ${timeOf(schedule)}`;
    case "weekly":
      return `every ${WEEKDAYS[schedule.weekday]} ${timeOf(schedule)}`;
    case "monthly":
      return `on day ${schedule.day} of every month ${timeOf(schedule)}`;
    case "yearly":
      return `on day ${schedule.day} of every ${MONTHS[schedule.month - 1]} ${timeOf(schedule)}`;
    default:
      return schedule satisfies never;
  }
}

function interval(minutes: number): string {
  const [count, unit] = minutes % 60 === 0 ? [minutes / 60, "hour"] : [minutes, "minute"];
  return count === 1 ? unit : `${count} ${unit}s`;
}

function timeOf({ at, timezone }: AtTimeOfDay): string {
  const text = `at ${String(at.hour).padStart(2, "0")}:${String(at.minute).padStart(2, "0")}`;
  return timezone === undefined ? text : `${text} (${timezone})`;
}
