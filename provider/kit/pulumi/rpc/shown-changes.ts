import type { Change, ChangeEffect } from "../../define/difference.ts";
import { formatPath, type Path, valueAt } from "../../define/path.ts";
import { OutputValue, Secret, type ValueMap } from "../../define/value.ts";

const STRENGTH: readonly ChangeEffect[] = ["secrecy", "credential", "update", "replace"];

/**
 * The changes as people may see them. What stands inside a secret is told as one change of the whole secret: the
 * engine prints paths in plain text, and the keys of a secret map may be what is to be hidden.
 */
export function shownChanges(changes: readonly Change[], before: ValueMap, after: ValueMap): readonly Change[] {
  const shown = new Map<string, Change>();
  for (const change of changes) {
    const path = outsideSecrets(change.path, [before, after]);
    // Where the path is cut, both sides have the secret and differ inside.
    const told: Change = path.length === change.path.length ? change : { ...change, path, kind: "update" };
    const key = formatPath(path);
    const other = shown.get(key);
    if (other === undefined || STRENGTH.indexOf(told.effect) > STRENGTH.indexOf(other.effect)) shown.set(key, told);
  }
  return [...shown.values()];
}

/** The path up to the first secret on the way. */
export function outsideSecrets(path: Path, maps: readonly ValueMap[]): Path {
  for (let length = 1; length < path.length; length++) {
    const part = path.slice(0, length);
    if (maps.some((map) => isSecret(valueAt(map, part)))) return part;
  }
  return path;
}

function isSecret(value: ReturnType<typeof valueAt>): boolean {
  return value instanceof Secret || (value instanceof OutputValue && value.secret);
}
