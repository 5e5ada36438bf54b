/**
 * Whether a whole text fits a pattern in which `*` stands for any characters, none included, and `?` for one. Takes time
 * in proportion to both lengths at most, whatever the pattern: unlike a regular expression it cannot be made to hang.
 *
 * @example fitsGlob("web*.corp.example", "web01.corp.example") // true
 */
export function fitsGlob(pattern: string, text: string): boolean {
  let [p, t] = [0, 0];
  // Where the last star was, and up to where it has taken characters so far.
  let [star, taken] = [-1, 0];
  while (t < text.length) {
    if (pattern[p] === "*") {
      [star, taken] = [p, t];
      p += 1;
    } else if (p < pattern.length && (pattern[p] === "?" || pattern[p] === text[t])) {
      p += 1;
      t += 1;
    } else if (star >= 0) {
      taken += 1;
      [p, t] = [star + 1, taken];
    } else {
      return false;
    }
  }
  while (pattern[p] === "*") p += 1;
  return p === pattern.length;
}
