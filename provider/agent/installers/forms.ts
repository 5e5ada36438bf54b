import type { InstallerAsked, InstallerForm } from "./form.ts";
import { questForms } from "./quest.ts";
import { referenceForms } from "./reference.ts";

/** The one port that the vendor's agent knows. */
const QUEST_PORT = 443;

/**
 * The ways to install an agent by hand with its server and its token built in, as exact commands; or why there is none.
 * A token is in the commands, so that all of it is a secret.
 *
 * @param flavour the kind of agent
 * @example installerForms("quest", { package: one, host: "kbox.corp.example", port: 443, token, hasCaFile: false })
 */
export function installerForms(
  flavour: string,
  asked: InstallerAsked,
): { readonly forms: readonly InstallerForm[] } | { readonly refused: string } {
  if (flavour === "reference") return { forms: referenceForms(asked) };
  if (flavour !== "quest") return { refused: `how agents of the kind ${flavour} are installed by hand is not known` };
  if (asked.port !== QUEST_PORT)
    return { refused: `the vendor's agent connects to port ${QUEST_PORT} only, and the server's is ${asked.port}` };
  if (asked.host.includes(":")) return { refused: "the vendor's agent is told a name, not an address of IP version 6" };
  return { forms: questForms(asked) };
}
