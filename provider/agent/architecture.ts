/**
 * Whatever a kernel, a packager or a vendor calls it, as Debian calls it; an unknown word stays as it is.
 * @example architectureOf("x86_64") // "amd64"
 */
export function architectureOf(word: string): string {
  const known = WORDS.get(word.toLowerCase());
  if (known !== undefined) return known;
  return /^i[3-6]86$/i.test(word) ? "386" : word.toLowerCase();
}

const WORDS: ReadonlyMap<string, string> = new Map([
  ["x86_64", "amd64"],
  ["x64", "amd64"],
  ["64", "amd64"],
  ["aarch64", "arm64"],
  ["x86", "386"],
  ["32", "386"],
  ["armv7l", "armhf"],
  ["armv6l", "armel"],
  ["ppc64le", "ppc64el"],
  ["noarch", "all"],
]);
