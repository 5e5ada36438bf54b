import { UsageError } from "./session.ts";
import { textIn } from "./text-file.ts";

const OPTION = "--token-file";

/**
 * The value of an enrolment token in the file that `--token-file` names: on the command line others could read it.
 * @throws UsageError where it cannot be read, or nothing is in it
 */
export async function tokenIn(file: string): Promise<string> {
  const token = (await textIn(file, OPTION)).trim();
  if (token !== "") return token;
  throw new UsageError(`${OPTION}: ${file} is empty`, "put the value of the token into it");
}
