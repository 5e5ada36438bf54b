import type { Flavour, NamedPackage } from "../flavour.ts";
import { quest } from "./quest.ts";
import { reference } from "./reference.ts";

/** The flavours that a user can name. */
export const FLAVOURS = { reference, quest } as const satisfies Readonly<Record<string, Flavour>>;

export type FlavourName = keyof typeof FLAVOURS;

/** The names of {@link FLAVOURS}, for a schema's enumeration. */
export const FLAVOUR_NAMES = ["reference", "quest"] as const satisfies readonly FlavourName[];

/**
 * What an installer is by its name, and whose.
 * @example readPackageName("ampagent-14.1.19.ubuntu.64_kbox.corp.example.deb")?.named.version // "14.1.19"
 */
export function readPackageName(
  fileName: string,
  flavours: readonly Flavour[] = Object.values(FLAVOURS),
): { readonly flavour: Flavour; readonly named: NamedPackage } | undefined {
  for (const flavour of flavours) {
    const named = flavour.readPackageName(fileName);
    if (named !== undefined) return { flavour, named };
  }
  return undefined;
}
