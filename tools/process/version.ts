/** `[major, minor, patch]`. */
export type Version = readonly [number, number, number];

/** The first version that stands in a text: `go version go1.26.8 linux/amd64`, `v3.259.0`, `Python 3.11`. */
export function versionIn(text: string): Version | undefined {
  const match = /(\d+)\.(\d+)(?:\.(\d+))?/.exec(text);
  if (match === null) return undefined;
  return [Number(match[1]), Number(match[2]), Number(match[3] ?? 0)];
}

/** Whether `version` is the same as `minimum` or newer. */
export function isAtLeast(version: Version, minimum: Version): boolean {
  const different = [0, 1, 2].find((part) => version[part] !== minimum[part]);
  return different === undefined || (version[different] ?? 0) > (minimum[different] ?? 0);
}

/** `3.259.0` */
export function versionText(version: Version): string {
  return version.join(".");
}
