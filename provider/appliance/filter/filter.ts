import * as z from "zod";
import { conditionProblem } from "./problems.ts";
import { OPERATORS, PROPERTIES } from "./words.ts";

const condition = z
  .object({
    property: z.enum(PROPERTIES).meta({
      description: "What is looked at.",
      typeName: "MachineProperty",
      valueDescriptions: {
        hostname: "Its host name, with its domain or without.",
        "os.id": "The system's id, such as `debian`.",
        "os.version": "The system's version, such as `12`.",
        "os.platform": "`linux`, for one.",
        architecture: "Its processor, such as `amd64`.",
        agentVersion: "The version of its agent.",
        address: "Any of its addresses.",
        mac: "Any of its MAC addresses, with colons or hyphens.",
        label: "Any label it has, by the label's name.",
      },
    }),
    operator: z.enum(OPERATORS).meta({
      description: "How it is compared. Upper and lower case are the same.",
      typeName: "FilterOperator",
      valueDescriptions: {
        equals: "It is the value.",
        notEquals: "It is not the value; of several addresses, none is.",
        contains: "The value stands somewhere in it.",
        startsWith: "It begins with the value.",
        endsWith: "It ends with the value.",
        matches: "It fits the pattern: `*` stands for any characters, `?` for one.",
        versionAtLeast: "It is this version or a newer one.",
        versionBelow: "It is older than this version.",
        inRange:
          "It lies in a network (`10.0.0.0/8`), a stretch (`10.0.0.5-10.0.1.20`) or a range by octets (`192.168.2-5.1-200`).",
      },
    }),
    value: z
      .string()
      .min(1)
      .max(300)
      .meta({ description: "What it is compared with.", examples: ["web*.corp.example"] }),
  })
  .superRefine((given, context) => {
    const found = conditionProblem(given);
    if (found !== undefined) context.addIssue({ code: "custom", path: [found.at], message: found.problem });
  })
  .meta({ typeName: "FilterCondition", description: "One thing that a machine is asked about." });

/** One thing that a machine is asked about. */
export type Condition = z.output<typeof condition>;

const conditions = z.array(condition).min(1).max(100).optional();

/**
 * Which machines are meant, by what they say of themselves. Flat on purpose: a deeper thought is a label of its own,
 * which a condition names.
 */
export const machineFilter = z
  .object({
    all: conditions.meta({ description: "Every one of these is true of it." }),
    any: conditions.meta({ description: "At least one of these is true of it." }),
    none: conditions.meta({ description: "Not one of these is true of it." }),
  })
  .refine(({ all, any, none }) => all !== undefined || any !== undefined || none !== undefined, {
    error:
      'expected at least one condition, in `all`, `any` or `none`; every machine is { property: "hostname", operator: "matches", value: "*" }',
  })
  .meta({
    typeName: "MachineFilter",
    description: "Which machines: those of which all that is given in `all`, `any` and `none` is true.",
  });

export type MachineFilter = z.output<typeof machineFilter>;

/** All conditions of a filter with their places in it. */
export function conditionsOf(
  filter: MachineFilter,
): readonly { readonly condition: Condition; readonly path: readonly (string | number)[] }[] {
  return (["all", "any", "none"] as const).flatMap((group) =>
    (filter[group] ?? []).map((item, index) => ({ condition: item, path: [group, index] })),
  );
}

/** The same filter with other conditions in the places of its own. */
export function mapConditions(filter: MachineFilter, change: (condition: Condition) => Condition): MachineFilter {
  const { all, any, none } = filter;
  return {
    ...(all !== undefined && { all: all.map(change) }),
    ...(any !== undefined && { any: any.map(change) }),
    ...(none !== undefined && { none: none.map(change) }),
  };
}
