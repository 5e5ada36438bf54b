import { describe, expect, it } from "vitest";
import { pick } from "../../provider/functions/picking.ts";

const machines = [
  { machine: "Library-1", address: "10.0.0.1" },
  { machine: "library-2.corp.example" },
  { machine: "10.0.0.3", address: "10.0.0.3", names: ["old-library"] },
  { machine: "web01", address: "10.0.0.4", kuid: "00000000-web01", connected: true },
];

describe("a character filter", () => {
  it.each([
    [undefined, 20, ["Library-1", "library-2.corp.example", "10.0.0.3", "web01"], 4],
    ["lib", 20, ["Library-1", "library-2.corp.example", "10.0.0.3"], 3],
    ["LIB", 1, ["Library-1"], 3],
    ["lib", 0, ["Library-1", "library-2.corp.example", "10.0.0.3"], 3],
    ["0.0.4", 20, ["web01"], 1],
    ["nothing", 20, [], 0],
    ["*", 20, [], 0],
  ])(
    "%j, at most %i: leaves the machines whose name has the text, and counts all of them",
    (filter, limit, names, count) => {
      const picked = pick(machines, filter, limit);
      expect(picked.machines.map(({ machine }) => machine)).toEqual(names);
      expect(picked.count).toBe(count);
    },
  );

  it("says all that is known of a machine, and of its other names nothing", () => {
    expect(pick(machines, "old-lib", 20).machines).toEqual([{ machine: "10.0.0.3", address: "10.0.0.3" }]);
    expect(pick(machines, "web", 20).machines).toEqual([machines[3]]);
  });

  it("walks a range only once, however long", () => {
    function* addresses() {
      for (let octet = 0; octet < 65_536; octet++) yield { machine: `10.0.${octet >> 8}.${octet & 255}` };
    }
    expect(pick(addresses(), ".7.", 2)).toEqual({
      machines: [{ machine: "10.0.7.0" }, { machine: "10.0.7.1" }],
      count: 256,
    });
  });
});
