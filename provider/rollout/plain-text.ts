// biome-ignore lint/suspicious/noControlCharactersInRegex: these are what is looked for
const CONTROL = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u2028\u2029\u202a-\u202e\u2066-\u2069]/g;

/**
 * What a machine said, without what a terminal would obey: escape sequences, and marks that turn the direction of text.
 * Line ends and tabs stay.
 */
export function plainText(text: string): string {
  return text.replace(/\r\n?/g, "\n").replace(CONTROL, "\u{fffd}");
}

/** The same on one line. @example onOneLine("E: broken\nE: twice") // "E: broken; E: twice" */
export function onOneLine(text: string): string {
  return plainText(text)
    .split("\n")
    .map((line) => line.trim())
    .filter((line) => line !== "")
    .join("; ");
}
