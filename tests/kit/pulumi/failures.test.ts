import { expect, it } from "vitest";
import * as z from "zod";
import type { Path } from "../../../provider/kit/define/path.ts";
import { Secret, type Value } from "../../../provider/kit/define/value.ts";
import { failuresOf } from "../../../provider/kit/pulumi/rpc/failures.ts";
import { compiled } from "../define/compiled.ts";

const shape = compiled(
  z.object({
    text: z.string().optional(),
    names: z.array(z.string()).optional(),
    key: z.string().meta({ secret: true }).optional(),
  }),
);

/** What the engine is given to print of a failure: the property, whose value it prints too, and the reason. */
function printed(path: Path, value: Value): [string, string] {
  const [property] = path;
  const [failure] = failuresOf(shape, [{ [String(property)]: value }], [{ path, problem: "value", reason: "why" }]);
  return [failure?.getProperty() ?? "", failure?.getReason() ?? ""];
}

it.each<[string, Path, Value, [string, string]]>([
  ["a short value is printed beside its property", ["text"], "short", ["text", "why"]],
  ["a text of many lines is not printed", ["text"], "a  one\nb  two", ["", "property text: why"]],
  ["a long text is not printed", ["text"], "x".repeat(101), ["", "property text: why"]],
  ["a long list is not printed", ["names"], Array(40).fill("web"), ["", "property names: why"]],
  ["what is below a property is never printed", ["names", 1], Array(40).fill("web"), ["names[1]", "why"]],
  ["a secret is not printed", ["key"], new Secret("short"), ["", "property key: why"]],
])("of a failure %s", (_title, path, value, expected) => {
  expect(printed(path, value)).toEqual(expected);
});
