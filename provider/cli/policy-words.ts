import { InvalidArgumentError } from "commander";
import type { Condition } from "../appliance/filter/filter.ts";
import { OPERATORS, PROPERTIES } from "../appliance/filter/words.ts";
import { WEEKDAYS } from "../appliance/schedules/schedule.ts";
import { DEFAULT, type OrDefault, type SetPolicyOptions } from "./commands/policy.ts";

type Said<Option extends keyof SetPolicyOptions> = Exclude<NonNullable<SetPolicyOptions[Option]>, typeof DEFAULT>;

/** What was said of an option before; `default` is forgotten when more is said. */
function soFar<T>(before: OrDefault<T> | undefined, none: T): T {
  return before === undefined || before === DEFAULT ? none : before;
}

/** @example answerOf("yes") // true */
export function answerOf(text: string): OrDefault<boolean> {
  if (text !== "yes" && text !== "no" && text !== DEFAULT)
    throw new InvalidArgumentError("Expected yes, no or default.");
  return text === DEFAULT ? text : text === "yes";
}

/** @example windowsOf("22:00-06:00@friday,saturday") // [{ from: "22:00", to: "06:00", days: ["friday", "saturday"] }] */
export function windowsOf(text: string, before?: OrDefault<Said<"window">>): OrDefault<Said<"window">> {
  if (text === DEFAULT) return text;
  const [, from, to, days] = /^(\d\d:\d\d)-(\d\d:\d\d)(?:@(.*))?$/.exec(text) ?? [];
  if (from === undefined || to === undefined)
    throw new InvalidArgumentError(
      "A window is two times of day, such as 22:00-06:00, and days where not all are meant: 22:00-06:00@friday,saturday.",
    );
  return [
    ...soFar(before, []),
    { from, to, ...(days !== undefined && { days: days.split(",").map((day) => oneOf(WEEKDAYS, day, "day")) }) },
  ];
}

function oneOf<Word extends string>(words: readonly Word[], text: string, what: string): Word {
  const found = words.find((word) => word.toLowerCase() === text.trim().toLowerCase());
  if (found === undefined)
    throw new InvalidArgumentError(`There is no ${what} "${text.trim()}": expected ${words.join(", ")}.`);
  return found;
}

/** @example datesOf("12-24..01-02=Christmas") // [{ from: "12-24", to: "01-02", name: "Christmas" }] */
export function datesOf(text: string, before?: OrDefault<Said<"blackoutDates">>): OrDefault<Said<"blackoutDates">> {
  if (text === DEFAULT) return text;
  const [, from, to, name] = /^([\d-]+)(?:\.\.([\d-]+))?(?:=(.+))?$/.exec(text) ?? [];
  if (from === undefined)
    throw new InvalidArgumentError(
      "Days without updates are one or two of the calendar, such as 12-24..01-02 or 2026-10-03, and a name behind = if they have one.",
    );
  return [...soFar(before, []), { from, ...(to !== undefined && { to }), ...(name !== undefined && { name }) }];
}

/** @example conditionsOf("none: label equals lab") // { none: [{ property: "label", operator: "equals", value: "lab" }] } */
export function conditionsOf(text: string, before?: OrDefault<Said<"filter">>): OrDefault<Said<"filter">> {
  if (text === DEFAULT) return text;
  const [, group = "all", property, operator, value] =
    /^(?:(all|any|none):\s*)?([\w.]+)\s+(\w+)\s+(\S.*)$/.exec(text.trim()) ?? [];
  if (property === undefined || operator === undefined || value === undefined)
    throw new InvalidArgumentError(
      "A condition is a property, an operator and a value, such as 'hostname matches web*'; with any: or none: before it, one of these is enough or none may be true.",
    );
  const said = soFar(before, {});
  const condition: Condition = {
    property: oneOf(PROPERTIES, property, "property"),
    operator: oneOf(OPERATORS, operator, "operator"),
    value,
  };
  const key = group === "any" || group === "none" ? group : "all";
  return { ...said, [key]: [...(said[key] ?? []), condition] };
}

const UNIT_SECONDS: Readonly<Record<string, number>> = { m: 60, h: 3_600, d: 86_400 };

/** @example stepsOf("10%@24h") // [{ percent: 10, afterSeconds: 86400 }] */
export function stepsOf(text: string, before?: OrDefault<Said<"step">>): OrDefault<Said<"step">> {
  if (text === DEFAULT) return text;
  const [, percent, count, unit = ""] = /^(\d{1,3})%@(\d{1,6})([mhd])$/.exec(text) ?? [];
  const unitSeconds = UNIT_SECONDS[unit];
  if (unitSeconds === undefined)
    throw new InvalidArgumentError("A step is a share in whole percents and a time in m, h or d, such as 10%@24h.");
  return [...soFar(before, []), { percent: Number(percent), afterSeconds: Number(count) * unitSeconds }];
}

/** @example countOf("10%") // "10%" */
export function countOf(text: string): number | string {
  if (text === DEFAULT) return text;
  return text.endsWith("%") ? text : wholeNumber(text);
}

function wholeNumber(text: string): number {
  if (!/^\d+$/.test(text)) throw new InvalidArgumentError("Expected a whole number or a share, such as 10%.");
  return Number(text);
}
