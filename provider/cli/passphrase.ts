import { stat } from "node:fs/promises";
import { CommandError, UsageError } from "./session.ts";
import { requireFile, textIn } from "./text-file.ts";

const OPTION = "--passphrase-file";

/** Asks the person at the terminal for something that is not shown; undefined where nobody is there. */
export type AskSecret = (question: string) => Promise<string>;

/**
 * The passphrase of an export: from a file, or from the person at the terminal. Never an argument or a variable: others
 * can read those.
 *
 * @param twice asks twice, since what is mistyped when something is sealed cannot be opened again
 * @throws CommandError where there is none
 */
export async function passphraseFrom(
  file: string | undefined,
  ask: AskSecret | undefined,
  { twice }: { readonly twice: boolean },
): Promise<string> {
  if (file !== undefined) return fromFile(file);
  if (ask === undefined) {
    throw new UsageError(
      "a passphrase is needed for the secrets, and nobody is at the terminal to be asked",
      `give a file with --passphrase-file${twice ? ", or leave them out with --without-secrets" : ""}`,
    );
  }
  const passphrase = await ask("Passphrase: ");
  if (twice && (await ask("The same again: ")) !== passphrase)
    throw new CommandError("these are two passphrases", "try again");
  return passphrase;
}

async function fromFile(file: string): Promise<string> {
  await requireFile(file, OPTION);
  const mode = (await stat(file)).mode & 0o077;
  if (mode !== 0) throw new CommandError(`others may read ${file}`, `let only its owner read it: chmod 600 ${file}`);
  return (await textIn(file, OPTION)).replace(/\r?\n$/, "");
}
