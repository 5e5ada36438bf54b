/** A rule of the vendor about which version may follow which. */
export interface VersionRule {
  /** Applies to updates that reach or cross this version. */
  readonly to: string;
  /** Versions that may be updated from: a release line (`5.1`) or, with `orNewer`, that and all after it. */
  readonly from: readonly { readonly version: string; readonly orNewer: boolean }[];
  /** The rule in words. */
  readonly why: string;
}

/**
 * Orders versions by their numbers, part by part; a missing part is 0, and a part behind `-` or `~` (a pre-release)
 * comes before the version itself.
 * @returns negative, 0 or positive, as `Array.sort` wants it
 * @example ["14.1.19", "5.4", "14.1.3"].sort(compareVersions) // ["5.4", "14.1.3", "14.1.19"]
 */
export function compareVersions(left: string, right: string): number {
  const [leftMain = "", leftRest] = split(left);
  const [rightMain = "", rightRest] = split(right);
  const byMain = compareParts(leftMain, rightMain);
  if (byMain !== 0) return byMain;
  if (leftRest === rightRest) return 0;
  if (leftRest === undefined) return 1;
  if (rightRest === undefined) return -1;
  return compareParts(leftRest, rightRest);
}

function split(version: string): [string, string | undefined] {
  const plain = version.trim().replace(/^v/i, "").replace(/\+.*$/, "");
  const at = plain.search(/[-~]/);
  return at < 0 ? [plain, undefined] : [plain.slice(0, at), plain.slice(at + 1)];
}

function compareParts(left: string, right: string): number {
  const leftParts = left.split(".");
  const rightParts = right.split(".");
  for (let index = 0; index < Math.max(leftParts.length, rightParts.length); index++) {
    const difference = comparePart(leftParts[index] ?? "0", rightParts[index] ?? "0");
    if (difference !== 0) return difference;
  }
  return 0;
}

function comparePart(left: string, right: string): number {
  const bothNumbers = /^\d+$/.test(left) && /^\d+$/.test(right);
  if (bothNumbers) {
    const difference = BigInt(left) - BigInt(right);
    return difference < 0n ? -1 : difference > 0n ? 1 : 0;
  }
  return left < right ? -1 : left > right ? 1 : 0;
}

/** Whether two texts name the same version: `1.4` and `1.4.0` do. */
export function sameVersion(left: string, right: string): boolean {
  return compareVersions(left, right) === 0;
}

/** A way from one version to another, or what stands in it. */
export type UpgradePath =
  | { readonly versions: readonly string[] }
  | { readonly missing: string; readonly rule: VersionRule };

/**
 * The fewest versions to install one after the other, so that every step keeps to the rules; the last is `wanted`.
 * @param available what there are packages of
 * @example upgradePath("5.0", "5.4", ["5.1", "5.4"], rules) // { versions: ["5.1", "5.4"] }
 */
export function upgradePath(
  installed: string,
  wanted: string,
  available: readonly string[],
  rules: readonly VersionRule[],
): UpgradePath {
  const stops = [...new Set(available)]
    .filter((version) => compareVersions(version, installed) > 0 && compareVersions(version, wanted) < 0)
    .sort(compareVersions);
  const paths: (readonly string[])[] = [[]];
  // A second way to the same version is no shorter, and all ways there are would be too many.
  const reached = new Set<string>();
  // Breadth first: the first path that may end in `wanted` is one of the shortest.
  for (let path = paths.shift(); path !== undefined; path = paths.shift()) {
    const last = path.at(-1) ?? installed;
    if (broken(last, wanted, rules) === undefined) return { versions: [...path, wanted] };
    for (const stop of stops) {
      if (reached.has(stop) || compareVersions(stop, last) <= 0 || broken(last, stop, rules) !== undefined) continue;
      reached.add(stop);
      paths.push([...path, stop]);
    }
  }
  const rule = broken(installed, wanted, rules);
  // Unreachable: the first path of all is the direct one, which returns if no rule is broken.
  if (rule === undefined) return { versions: [wanted] };
  return {
    missing: rule.from.map(({ version, orNewer }) => (orNewer ? `${version} or newer` : version)).join(" or "),
    rule,
  };
}

function broken(from: string, to: string, rules: readonly VersionRule[]): VersionRule | undefined {
  return rules.find(
    (rule) =>
      compareVersions(from, rule.to) < 0 &&
      compareVersions(to, rule.to) >= 0 &&
      !rule.from.some((allowed) =>
        allowed.orNewer ? compareVersions(from, allowed.version) >= 0 : inLine(from, allowed.version),
      ),
  );
}

function inLine(version: string, line: string): boolean {
  return version === line || version.startsWith(`${line}.`);
}
