import { addressRange } from "./address-range.ts";
import { type FilterOperator, type MachineProperty, OPERATORS_OF } from "./words.ts";

/** What is wrong with a condition, at which of its properties. */
export interface ConditionProblem {
  readonly at: "operator" | "value";
  readonly problem: string;
}

const VERSION = /^v?\d+(?:\.\d+)*(?:[-~+][\w.~+-]+)?$/i;

/**
 * What makes a condition one that could never be meant: a comparison that its property does not have, a range that is
 * none. Undefined where it is right.
 *
 * @example conditionProblem({ property: "hostname", operator: "inRange", value: "10.0.0.0/8" })?.at // "operator"
 */
export function conditionProblem({
  property,
  operator,
  value,
}: {
  readonly property: MachineProperty;
  readonly operator: FilterOperator;
  readonly value: string;
}): ConditionProblem | undefined {
  const allowed = OPERATORS_OF[property];
  if (!allowed.includes(operator))
    return {
      at: "operator",
      problem: `${operator} says nothing about ${property}; expected ${allowed.slice(0, -1).join(", ")} or ${allowed.at(-1)}`,
    };
  if (operator === "inRange" && addressRange(value) === undefined)
    return {
      at: "value",
      problem: `expected a range of addresses, such as "10.0.0.0/8", "10.0.0.5-10.0.1.20" or "192.168.2-5.1-200"`,
    };
  if ((operator === "versionAtLeast" || operator === "versionBelow") && !VERSION.test(value))
    return { at: "value", problem: 'expected a version, such as "14.1.19"' };
  return undefined;
}
