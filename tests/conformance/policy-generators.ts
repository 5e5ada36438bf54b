import * as fc from "fast-check";
import { distinctText, type ResourceGenerator } from "./generators.ts";
import type { Json, JsonMap } from "./wire.ts";

function set(property: string, value: Json): (inputs: JsonMap) => JsonMap {
  return (inputs) => ({ ...inputs, [property]: value });
}

const limits = fc.oneof(
  fc.constant({ allMachines: true }),
  fc.record(
    {
      machines: fc.constant(["web01", "web02.corp.example"]),
      filter: fc.constant({ all: [{ property: "os.id", operator: "equals", value: "debian" }] }),
    },
    { requiredKeys: ["machines"], noNullPrototype: true },
  ),
);

/** Policies that nobody is updated by. */
export const updatePolicy: ResourceGenerator = {
  inputs: fc
    .tuple(
      limits,
      fc.record(
        {
          // One that is enabled keeps the bundle that it wants from being deleted, and the laws delete in any order.
          enabled: fc.constant(false),
          updateBrokenAgents: fc.boolean(),
          version: fc.constant("latest"),
          deniedVersions: fc.constantFrom([], ["14.0.1", "14.0.2"]),
          notes: distinctText().map((text) => `notes ${text}`),
          timezone: fc.constantFrom("UTC", "Europe/Berlin"),
          windows: fc
            .constantFrom<JsonMap[]>(
              { from: "22:00", to: "06:00" },
              { from: "01:00", to: "02:00", days: ["monday", "friday"] },
            )
            .map((window) => [window]),
          blackoutWindows: fc.constant<JsonMap[]>([{ from: "12:00", to: "13:00" }]),
          blackoutDates: fc
            .constantFrom<JsonMap[]>(
              { from: "12-24", to: "01-02", name: "Christmas" },
              { from: "10-03" },
              { from: "2999-02-01", to: "2999-02-28" },
            )
            .map((dates) => [dates]),
          rollout: fc
            .constantFrom<JsonMap[]>({ percent: 100, after: "0s" }, { percent: 100, after: "1.5h" })
            .map((last) => [last]),
          hold: fc.boolean(),
          maxFailures: fc.constantFrom<Json>(0, 5, "10%", "2.5%"),
        },
        { requiredKeys: [], noNullPrototype: true },
      ),
    )
    .map(([limited, rest]): JsonMap => ({ ...limited, ...rest })),
  mutations: [
    { name: "another version", apply: set("version", "n-1"), expect: "update", path: "version" },
    { name: "other windows", apply: set("windows", [{ from: "03:33", to: "04:44" }]), expect: "update" },
    { name: "other days without updates", apply: set("blackoutDates", [{ from: "05-05" }]), expect: "update" },
    { name: "another limit of failures", apply: set("maxFailures", 77_777), expect: "update", path: "maxFailures" },
  ],
};
