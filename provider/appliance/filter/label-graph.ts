/**
 * The shortest way from a label back to itself along what labels' filters name; undefined where there is none.
 *
 * @param referred by label, the labels that its filter names
 * @example cycleThrough("a", new Map([["a", ["b"]], ["b", ["a"]]])) // ["a", "b", "a"]
 */
export function cycleThrough(
  start: string,
  referred: ReadonlyMap<string, readonly string[]>,
): readonly string[] | undefined {
  const ways: (readonly string[])[] = [[start]];
  const seen = new Set<string>();
  for (let way = ways.shift(); way !== undefined; way = ways.shift()) {
    for (const next of referred.get(way.at(-1) ?? start) ?? []) {
      if (next === start) return [...way, next];
      if (seen.has(next)) continue;
      seen.add(next);
      ways.push([...way, next]);
    }
  }
  return undefined;
}
