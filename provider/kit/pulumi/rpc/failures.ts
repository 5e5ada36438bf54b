import type { Failure } from "../../define/check.ts";
import { formatPath } from "../../define/path.ts";
import type { ObjectShape } from "../../define/shape.ts";
import type { ValueMap } from "../../define/value.ts";
import { touchesSecret } from "../outputs.ts";
import { providerPb } from "../proto.ts";

/**
 * Failures in the form the engine prints. Beside a property the engine prints the value it has in the inputs, in
 * plain text; where that value is or holds a secret, the property goes into the reason instead.
 */
export function failuresOf(shape: ObjectShape, inputs: ValueMap, failures: readonly Failure[]): providerPb.CheckFailure[] {
  return failures.map(({ path, reason }) => {
    const failure = new providerPb.CheckFailure();
    const property = formatPath(path);
    if (touchesSecret(shape, inputs, path)) {
      failure.setReason(`property ${property}: ${reason}`);
    } else {
      failure.setProperty(property);
      failure.setReason(reason);
    }
    return failure;
  });
}
