import { describe, expect, it } from "vitest";
import { type Identity, machineByMachine } from "../../provider/rollout/same-machine.ts";

const OLD = "00000000-0000-4000-8000-000000000001";
const NEW = "00000000-0000-4000-8000-000000000002";

describe("results are of one machine", () => {
  it.each<[string, readonly Identity[]]>([
    [
      "where they have a KUID in common",
      [
        { machine: "web01", kuid: OLD },
        { machine: "10.0.0.1", kuid: OLD },
      ],
    ],
    [
      "where they have an address in common",
      [
        { machine: "web01", address: "10.0.0.1", kuid: OLD },
        { machine: "10.0.0.1", kuid: NEW },
      ],
    ],
    [
      "where they have a whole host name in common, in any case",
      [{ machine: "10.0.0.1", name: "Web01.Corp.example" }, { machine: "web01.corp.example." }],
    ],
    [
      "where another one has something in common with both",
      [
        { machine: "10.0.0.1" },
        { machine: "web01.corp.example" },
        { machine: "web01.corp.example", address: "10.0.0.1" },
      ],
    ],
    [
      "where one says nothing but the name that the other is a target by",
      [{ machine: "web01" }, { machine: "web01", address: "10.0.0.1" }],
    ],
  ])("%s", (_where, results) => {
    expect(machineByMachine(results)).toEqual([expect.arrayContaining([...results])]);
  });
});

describe("results are of several machines", () => {
  it.each<[string, readonly Identity[]]>([
    ["where their domains differ", [{ machine: "web01.a.example" }, { machine: "web01.b.example" }]],
    [
      "where they have no more than a name without a domain in common",
      [
        { machine: "web01", address: "10.1.0.1", kuid: OLD },
        { machine: "web01", address: "10.2.0.1", kuid: NEW },
      ],
    ],
  ])("%s", (_where, results) => {
    expect(machineByMachine(results)).toEqual(results.map((one) => [one]));
  });
});
