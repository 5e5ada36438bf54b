import fc from "fast-check";
import { expect, test } from "vitest";
import { enumValueNames } from "../../../provider/kit/pulumi/enum-names.ts";

test.each([
  [
    ["ssh", "ubuntu-22.04", "*"],
    ["Ssh", "Ubuntu2204", "Value3"],
  ],
  [
    [8, -1.5],
    ["Value8", "ValueMinus1Point5"],
  ],
  [["2fa"], ["Value2fa"]],
  [
    ["a-b", "a_b", "A B"],
    ["AB", "AB_2", "AB_3"],
  ],
  [
    ["get", "GET"],
    ["Get", "GET_2"],
  ],
])("%j are called %j", (values, names) => {
  expect(enumValueNames(values)).toEqual(names);
});

test("whatever the values, every name is an identifier and no two differ in case only", () => {
  fc.assert(
    fc.property(fc.uniqueArray(fc.oneof(fc.string(), fc.double(), fc.integer())), (values) => {
      const names = enumValueNames(values);
      expect(names.filter((name) => !/^[A-Z][A-Za-z0-9_]*$/i.test(name))).toEqual([]);
      expect(new Set(names.map((name) => name.toLowerCase())).size).toBe(values.length);
    }),
  );
});
