/** How many single-character edits (insert, delete, replace, swap of neighbours) turn `a` into `b`. */
function editDistance(a: string, b: string): number {
  let beforeLast: number[] = [];
  let last = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      const cost = a[i - 1] === b[j - 1] ? 0 : 1;
      let best = Math.min((last[j] ?? 0) + 1, (row[j - 1] ?? 0) + 1, (last[j - 1] ?? 0) + cost);
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]) {
        best = Math.min(best, (beforeLast[j - 2] ?? 0) + 1);
      }
      row.push(best);
    }
    beforeLast = last;
    last = row;
  }
  return last[b.length] ?? 0;
}

/** Longer texts are no typing mistake of a name, and comparing them would take time that nobody waits for. */
const MAX_LENGTH = 64;

/**
 * The valid name that a user most likely meant, or `undefined` if none is near.
 *
 * @example nearest("hostnmae", ["hostname", "port"]) // "hostname"
 */
export function nearest(given: string, valid: Iterable<string>): string | undefined {
  if (given.length > MAX_LENGTH) return undefined;
  const wanted = given.toLowerCase();
  let best: { name: string; distance: number } | undefined;
  for (const name of valid) {
    const distance = editDistance(wanted, name.toLowerCase());
    if (best === undefined || distance < best.distance) best = { name, distance };
  }
  if (best === undefined) return undefined;
  const longer = Math.max(given.length, best.name.length);
  // Where every character differs, nothing is near, however short the names are.
  const near = best.distance <= Math.max(1, Math.floor(longer / 3)) && (best.distance < longer || longer === 0);
  return near ? best.name : undefined;
}

/** `"a", "b" or "c"`, at most `limit` of them, for error messages. */
export function listNames(names: Iterable<string | number | boolean>, limit = 12): string {
  const all = [...names].map((name) => JSON.stringify(name));
  const shown = all.slice(0, limit);
  if (all.length > limit) return `${shown.join(", ")} and ${all.length - limit} more`;
  return shown.length < 2 ? shown.join("") : `${shown.slice(0, -1).join(", ")} or ${shown.at(-1)}`;
}
