/**
 * A text as one word of a command that is to be pasted into a shell.
 *
 * @example shellWord("two words") // "'two words'"
 */
export function shellWord(text: string): string {
  return /^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`;
}
