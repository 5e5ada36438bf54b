import type { Failure } from "../../define/check.ts";
import { formatPath, type Path } from "../../define/path.ts";
import type { ObjectShape } from "../../define/shape.ts";
import type { ValueMap } from "../../define/value.ts";
import { touchesSecret } from "../outputs.ts";
import { providerPb } from "../proto.ts";

/**
 * Failures in the form the engine prints. Beside a property the engine prints the value it has in the inputs, in
 * plain text; where that value is or holds a secret, or would bury the reason, the property goes into the reason instead.
 *
 * @param forms the inputs as they were given and as they were checked: a property may be secret in one of them only
 */
export function failuresOf(
  shape: ObjectShape,
  forms: readonly ValueMap[],
  failures: readonly Failure[],
): providerPb.CheckFailure[] {
  return failures.map(({ path, reason }) => {
    const failure = new providerPb.CheckFailure();
    const property = formatPath(path);
    if (forms.some((inputs) => touchesSecret(shape, inputs, path) || isLong(inputs, path))) {
      failure.setReason(`property ${property}: ${reason}`);
    } else {
      failure.setProperty(property);
      failure.setReason(reason);
    }
    return failure;
  });
}

/** Longer values are not printed. */
const MAX_PRINTED = 100;

/** Whether the engine would print more than a line: it looks values up by names of properties, and not by paths. */
function isLong(inputs: ValueMap, [property, ...below]: Path): boolean {
  if (typeof property !== "string" || below.length > 0) return false;
  const value = inputs[property];
  const text = typeof value === "string" ? value : (JSON.stringify(value) ?? "");
  return text.length > MAX_PRINTED || text.includes("\n");
}
