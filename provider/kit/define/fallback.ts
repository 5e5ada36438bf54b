import { isWrittenAsJson, readJsonText } from "./json-text.ts";
import type { Autoname } from "./meta.ts";
import type { Shape } from "./shape.ts";
import type { Value } from "./value.ts";

/** Where the values of properties come from that the user left out. */
export interface FallbackSources {
  /** Where defaults from the environment come from. */
  readonly environment?: Readonly<Record<string, string | undefined>>;
  /** Makes the name of a property that the user left out; the reason instead if it may not. */
  readonly autoname?: (property: string, rule: Autoname) => { name: string } | { reason: string };
}

/** What stands in place of a property, and where it comes from in words for people; or why nothing can. */
export type Fallback = { readonly value: Value; readonly origin: string } | { readonly reason: string };

/**
 * What stands where a property was left out: the environment comes before the automatic name and the default. An
 * empty variable counts as none.
 *
 * @param depth how far below the resource the property stands; automatic names are for its own properties only
 */
export function fallbackOf(
  shape: Shape,
  name: string,
  depth: number,
  { environment = {}, autoname }: FallbackSources,
): Fallback | undefined {
  const { autoname: rule, environment: variables = [] } = shape.meta;
  for (const variable of variables) {
    const text = environment[variable];
    if (text === undefined || text === "") continue;
    const form = isWrittenAsJson(shape) ? ", which holds JSON" : "";
    return { value: readJsonText(shape, text), origin: `from the environment variable ${variable}${form}` };
  }
  if (rule !== undefined && autoname !== undefined && depth === 0) {
    const made = autoname(name, rule);
    return "name" in made ? { value: made.name, origin: "the automatic name" } : made;
  }
  return shape.defaultValue === undefined ? undefined : { value: shape.defaultValue, origin: "the default" };
}
