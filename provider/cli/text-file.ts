import { readFile } from "node:fs/promises";
import { CommandError } from "./session.ts";

const REASONS: Readonly<Record<string, (file: string) => string>> = {
  ENOENT: (file) => `there is no file ${file}`,
  ENOTDIR: (file) => `there is no file ${file}`,
  EISDIR: (file) => `${file} is a folder`,
  EACCES: (file) => `${file} may not be read by this user`,
};

/**
 * What is in a file that an option names.
 * @param what it is to a person: `the key file`
 * @throws CommandError where it cannot be read
 */
export async function textIn(file: string, what: string): Promise<string> {
  try {
    return await readFile(file, "utf8");
  } catch (error) {
    if (!(error instanceof Error)) throw error;
    const { code } = error as NodeJS.ErrnoException; // what node:fs throws has one
    const reason = code === undefined ? undefined : REASONS[code]?.(file);
    throw new CommandError(`${what} cannot be read: ${reason ?? error.message}`);
  }
}
