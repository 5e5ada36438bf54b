import { ApplianceError } from "../errors.ts";

/**
 * Reads JSON that was checked by its schema when it was written. Not by its schema again, which takes as long as all the
 * rest where it is long, or where every device there is is asked for its own.
 *
 * @throws ApplianceError `corrupt`
 * @example readKept(row.addresses, isAddresses, `device ${row.kuid}`)
 */
export function readKept<Value>(text: string, isRight: (value: unknown) => value is Value, what: string): Value {
  const value = jsonIn(text, what);
  if (isRight(value)) return value;
  throw notAsExpected(what);
}

/** What a text of JSON says, unchecked. @throws ApplianceError `corrupt` */
export function jsonIn(text: string, what: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new ApplianceError({ code: "corrupt", message: `${what} in the database is not readable`, cause });
  }
}

/** The answer to JSON that says something else than what was once written there. */
export function notAsExpected(what: string): ApplianceError {
  return new ApplianceError({ code: "corrupt", message: `${what} in the database is not as expected` });
}

/** Whether a value is an object whose properties can be asked for. */
export function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null;
}

/** Whether a value is a list of texts. */
export function isTexts(value: unknown): value is string[] {
  return Array.isArray(value) && value.every((item) => typeof item === "string");
}
