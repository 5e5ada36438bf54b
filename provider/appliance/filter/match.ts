import { compareVersions } from "../../agent/versions.ts";
import type { DeviceHello } from "../operations/devices.ts";
import { addressRange } from "./address-range.ts";
import type { Condition, MachineFilter } from "./filter.ts";
import { fitsGlob } from "./glob.ts";
import type { MachineProperty } from "./words.ts";

/** What filters ask a machine about. */
export type MachineFacts = Pick<DeviceHello, "hostname" | "os" | "agentVersion" | "addresses" | "macs">;

/** Whether a filter means a machine. `hasLabel` says whether the machine has the label that a condition names. */
export type FilterTest = (facts: MachineFacts, hasLabel: (label: string) => boolean) => boolean;

/**
 * Makes of a filter a test that is quick to repeat over many machines.
 *
 * @example testOf({ all: [{ property: "os.id", operator: "equals", value: "debian" }] })(facts, () => false)
 */
export function testOf(filter: MachineFilter): FilterTest {
  const [all, any, none] = [filter.all, filter.any, filter.none].map((conditions) => conditions?.map(conditionTest));
  return (facts, hasLabel) =>
    (all?.every((test) => test(facts, hasLabel)) ?? true) &&
    (any?.some((test) => test(facts, hasLabel)) ?? true) &&
    !(none?.some((test) => test(facts, hasLabel)) ?? false);
}

function conditionTest({ property, operator, value }: Condition): FilterTest {
  if (property === "label") return (_facts, hasLabel) => (operator === "equals" ? hasLabel(value) : !hasLabel(value));
  if (operator === "notEquals") {
    const equals = textTest("equals", normal(property, value));
    return (facts) => !valuesOf(property, facts).some(equals);
  }
  const test = textTest(operator, normal(property, value));
  return (facts) => valuesOf(property, facts).some(test);
}

function textTest(operator: Exclude<Condition["operator"], "notEquals">, wanted: string): (text: string) => boolean {
  switch (operator) {
    case "equals":
      return (text) => text === wanted;
    case "contains":
      return (text) => text.includes(wanted);
    case "startsWith":
      return (text) => text.startsWith(wanted);
    case "endsWith":
      return (text) => text.endsWith(wanted);
    case "matches":
      return (text) => fitsGlob(wanted, text);
    case "versionAtLeast":
      return oncePerText((text) => text !== "" && compareVersions(text, wanted) >= 0);
    case "versionBelow":
      return oncePerText((text) => text !== "" && compareVersions(text, wanted) < 0);
    case "inRange":
      return addressRange(wanted) ?? (() => false); // what is no range has been refused before
    default:
      return operator satisfies never;
  }
}

/** Of many machines only few differ in their versions. */
function oncePerText(test: (text: string) => boolean): (text: string) => boolean {
  const known = new Map<string, boolean>();
  return (text) => {
    const found = known.get(text) ?? test(text);
    known.set(text, found);
    return found;
  };
}

/** What a machine has of a property; several where there may be several, and none of what it does not say. */
function valuesOf(property: Exclude<MachineProperty, "label">, facts: MachineFacts): readonly string[] {
  // What a machine has is read only where it is asked for.
  switch (property) {
    case "hostname": {
      const full = normal(property, facts.hostname);
      const dot = full.indexOf(".");
      return dot < 0 ? [full] : [full, full.slice(0, dot)];
    }
    case "os.id":
      return [normal(property, facts.os.id)];
    case "os.version":
      return [normal(property, facts.os.version)];
    case "os.platform":
      return [normal(property, facts.os.platform)];
    case "architecture":
      return [normal(property, facts.os.architecture)];
    case "agentVersion":
      return [normal(property, facts.agentVersion)];
    case "address":
      return facts.addresses.map((address) => normal(property, address));
    case "mac":
      return facts.macs.map((mac) => normal(property, mac));
    default:
      return property satisfies never;
  }
}

/** Case means nothing in any of them; a host name may end with a dot, and a MAC address be written with hyphens. */
function normal(property: MachineProperty, text: string): string {
  const lower = text.toLowerCase();
  if (property === "hostname") return lower.endsWith(".") ? lower.slice(0, -1) : lower;
  return property === "mac" ? lower.replaceAll("-", ":") : lower;
}
