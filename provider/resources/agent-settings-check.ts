import type { Output } from "../appliance/appliance.ts";
import { DEFAULT_ORGANIZATION } from "../appliance/operations/fields.ts";
import { DEFAULT_MAX_CHECK_INS_PER_HOUR, isAmbiguous } from "../appliance/operations/settings-limits.ts";
import { overloadOf } from "../appliance/run-interval.ts";
import type { Finding } from "../kit/define/resource.ts";
import { type Duration, durationMs } from "../kit/define/scalars.ts";

/** What of the inputs is known and has rules of its own; what a preview does not know yet is left out. */
export interface CheckedSettings {
  readonly communicationsWindow?: { readonly from: string; readonly to: string } | undefined;
  readonly runInterval?: Duration | undefined;
  readonly inventoryInterval?: Duration | undefined;
  readonly taskThroughput?: number | undefined;
  readonly maxCheckInsPerHour?: number | undefined;
}

/** What cannot be right whatever the appliance says. */
export function findingsIn({ communicationsWindow: window, ...inputs }: CheckedSettings): Finding[] {
  const findings: Finding[] = [];
  if (window !== undefined && isAmbiguous(window)) {
    findings.push({
      path: ["communicationsWindow", "to"],
      reason: `from ${window.from} to ${window.to} is either nothing or a whole day; for always leave the window out, or write "00:00" to "00:00"`,
    });
  }
  const { runInterval = "1h", inventoryInterval = "0s" } = inputs;
  const inventoryMs = durationMs(inventoryInterval);
  if (inventoryMs > 0 && inventoryMs < durationMs(runInterval)) {
    findings.push({
      path: ["inventoryInterval"],
      severity: "warning",
      reason: `agents check in every ${runInterval} only, so they bring their inventory as often and not every ${inventoryInterval}`,
    });
  }
  return findings;
}

/** What is the appliance's is set through one organization only. */
export function findingsOfOrganization(organization: string, inputs: CheckedSettings): Finding[] {
  if (organization === DEFAULT_ORGANIZATION) return [];
  return (["taskThroughput", "maxCheckInsPerHour"] as const)
    .filter((property) => inputs[property] !== undefined)
    .map((property) => ({
      path: [property],
      reason: `it is the appliance's and not one of organization "${organization}": set it in the settings of "${DEFAULT_ORGANIZATION}"`,
    }));
}

/** The limit that will hold: whoever may set it and does not gives it its default back. */
function limitAfter(organization: string, { maxCheckInsPerHour }: CheckedSettings, present: number): number {
  if (organization !== DEFAULT_ORGANIZATION) return present;
  return maxCheckInsPerHour ?? DEFAULT_MAX_CHECK_INS_PER_HOUR;
}

/**
 * A warning where the agents of all organizations would check in more often than the appliance should be asked, with
 * the interval that would not.
 */
export function findingsOfLoad(organization: string, load: Output<"checkInLoad">, inputs: CheckedSettings): Finding[] {
  const { runInterval = "1h" } = inputs;
  const maxCheckInsPerHour = limitAfter(organization, inputs, load.maxCheckInsPerHour);
  const runIntervalSeconds = durationMs(runInterval) / 1_000;
  const reason = overloadOf({ ...load, runIntervalSeconds, maxCheckInsPerHour }, runInterval);
  return reason === undefined ? [] : [{ path: ["runInterval"], severity: "warning", reason }];
}
