import type { PreviewOf } from "../kit/define/plain.ts";
import { Unknown } from "../kit/define/value.ts";

/** Properties of which no part is unknown; undefined while there is one that is, as there may be in a preview. */
export function wholly<T extends object>(properties: PreviewOf<T>): T | undefined {
  return holdsUnknown(properties) ? undefined : (properties as T); // what makes the two types differ was just looked for
}

function holdsUnknown(value: unknown): boolean {
  if (value instanceof Unknown) return true;
  if (typeof value !== "object" || value === null) return false;
  return Object.values(value).some(holdsUnknown);
}
