import { describe, expect, it } from "vitest";
import { isTimezone, problemOfTimezone } from "../../../provider/appliance/schedules/timezones.ts";
import { checkObject } from "../../../provider/kit/define/check.ts";
import { agentUpdatePolicy } from "../../../provider/resources/agent-update-policy.ts";
import { provisioningConfig } from "../../../provider/resources/provisioning-config.ts";

describe("a time zone", () => {
  it("goes by its name only, because offsets have no summer", () => {
    expect(["UTC", "Europe/Berlin", "America/New_York"].filter(isTimezone)).toHaveLength(3);
    expect(["+01:00", "-0300", "Mars/Olympus", " UTC"].filter(isTimezone)).toEqual([]);
  });

  const near = 'there is no time zone "Europe/Berlni"; did you mean "Europe/Berlin"?';
  const far = 'there is no time zone "+02:00"; expected an IANA name, such as "Europe/Berlin" or "UTC"';
  it.each([
    ["Europe/Berlni", near],
    ["+02:00", far],
  ])("that is none is answered alike in a schedule and in an update policy: %s", (name, problem) => {
    expect(problemOfTimezone(name)).toBe(problem);
    const schedule = { every: "day", at: "02:30", timezone: name };
    const ofSchedule = checkObject(provisioningConfig.descriptor.inputs, {
      targets: { ips: ["10.0.0.1"] },
      linux: { password: "x" },
      schedule,
    });
    const ofPolicy = checkObject(agentUpdatePolicy.descriptor.inputs, { timezone: name });
    expect([ofSchedule, ofPolicy].map(({ failures }) => failures)).toEqual([
      [{ path: ["schedule", "timezone"], problem: "value", reason: problem }],
      [{ path: ["timezone"], problem: "value", reason: problem }],
    ]);
  });
});
