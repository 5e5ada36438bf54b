import * as fc from "fast-check";
import { distinctText, type ResourceGenerator } from "./generators.ts";
import type { Json, JsonMap } from "./wire.ts";

/** A name without blanks around it. */
const name = distinctText().map((text) => `n${text}`);

const plain = { noNullPrototype: true } as const;

function set(property: string, value: Json): (inputs: JsonMap) => JsonMap {
  return (inputs) => ({ ...inputs, [property]: value });
}

const conditions = fc.array(
  fc.constantFrom<JsonMap>(
    { property: "hostname", operator: "matches", value: "web*" },
    { property: "os.version", operator: "versionAtLeast", value: "12" },
    { property: "address", operator: "inRange", value: "192.168.2-5.1-200" },
  ),
  { minLength: 1, maxLength: 2 },
);

const filter = fc
  .record({ all: conditions, any: conditions, none: conditions }, { requiredKeys: [], noNullPrototype: true })
  .filter((groups) => Object.keys(groups).length > 0);

/** Labels by hand and by filter. */
export const label: ResourceGenerator = {
  inputs: fc
    .tuple(
      fc.record({ name, description: distinctText() }, { requiredKeys: [], noNullPrototype: true }),
      fc.oneof(
        fc.record({ machines: fc.subarray(["web01", "web02.example", "00000000-0000-4000-8000-000000000001"]) }, plain),
        fc.record({ filter }, plain),
        fc.constant({}),
      ),
    )
    .map(([named, machines]): JsonMap => ({ ...named, ...machines })),
  mutations: [
    { name: "another name", apply: set("name", "another label"), expect: "update", path: "name" },
    {
      name: "another description",
      apply: set("description", "another description"),
      expect: "update",
      path: "description",
    },
  ],
};

/** Decisions about one device and by rule. */
export const quarantineDecision: ResourceGenerator = {
  inputs: fc
    .tuple(
      fc.record(
        { name, decision: fc.constantFrom("approve", "block") },
        { requiredKeys: ["decision"], noNullPrototype: true },
      ),
      fc.oneof(
        fc.record({ kuid: fc.uuid() }, plain),
        fc.record(
          { rule: filter, priority: fc.constantFrom(1, 100) },
          { requiredKeys: ["rule"], noNullPrototype: true },
        ),
      ),
    )
    .map(([named, about]): JsonMap => ({ ...named, ...about })),
  mutations: [
    { name: "another name", apply: set("name", "another decision"), expect: "update", path: "name" },
    {
      name: "another device",
      apply: ({ rule: _rule, priority: _priority, ...rest }) => ({ ...rest, kuid: "00000000-another-device" }),
      expect: "update",
      path: "kuid",
    },
  ],
};
