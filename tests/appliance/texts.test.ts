import { describe, expect, it } from "vitest";
import { texts } from "../../provider/appliance/operations/texts.ts";

const schema = texts({ maxItems: 3, maxLength: 5 });

function faultsOf(value: unknown): string[] {
  const { error } = schema.safeParse(value);
  return (error?.issues ?? []).map(({ path, message }) => `${path.join(".")}: ${message}`);
}

describe("a list of texts", () => {
  it.each([[[]], [["a"]], [["12345", "", "äöü€💻".slice(0, 5)]]])("%j is one", (value) => {
    expect(schema.parse(value)).toEqual(value);
  });

  it.each<[unknown, string[]]>([
    [undefined, [": expected a list of strings"]],
    [null, [": expected a list of strings"]],
    ["a", [": expected a list of strings"]],
    [{ length: 1, 0: "a" }, [": expected a list of strings"]],
    [["a", 1], ["1: expected string"]],
    [
      ["a", null, "123456"],
      ["1: expected string", "2: expected at most 5 characters"],
    ],
    [["a", "b", "c", "d"], [": expected at most 3 items"]],
  ])("%j is none, and it is said where", (value, faults) => {
    expect(faultsOf(value)).toEqual(faults);
  });
});
