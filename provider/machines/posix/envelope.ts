const NAME = /^[A-Z][A-Z0-9_]*$/;
const WHOLE_MARK = "#kace~whole";

/**
 * What the reader gets on its stdin before the payload: how long the script is, the nonce of its end mark, and the
 * script with its variables in front.
 * @throws TypeError if a variable's name is not `[A-Z][A-Z0-9_]*` or its value holds a NUL, which no shell can hold
 */
export function envelope(script: string, variables: Readonly<Record<string, string>>, nonce: string): Buffer {
  const assignments = Object.entries(variables).map(([name, value]) => `${assignment(name, value)}\n`);
  const body = Buffer.from(`${assignments.join("")}${script}\n${WHOLE_MARK}`);
  return Buffer.concat([Buffer.from(`${body.length} ${nonce}\n`), body]);
}

function assignment(name: string, value: string): string {
  if (!NAME.test(name)) throw new TypeError(`${JSON.stringify(name)} is no name of a script's variable`);
  // The value is not shown: it may be a secret.
  if (value.includes("\0")) throw new TypeError(`the variable ${name} holds a NUL character`);
  return `${name}=${shellQuoted(value)}`;
}

/** Text as one word of a POSIX shell. @example shellQuoted("it's") // 'it'\''s' */
export function shellQuoted(value: string): string {
  return `'${value.replaceAll("'", `'\\''`)}'`;
}
