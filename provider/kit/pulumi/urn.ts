import { ProviderError } from "../define/errors.ts";

/** The parts of a URN that a provider needs. */
export interface Urn {
  readonly urn: string;
  /** The type token of the resource itself, without its parents': `kace:index:AgentToken`. */
  readonly type: string;
  /** The name the program gave the resource. */
  readonly name: string;
}

const URN = /^urn:pulumi:[^:]*::[^:]*::(?<type>[^:]+:[^:]*:[^:]+(?:\$[^:]+:[^:]*:[^:]+)*)::(?<name>.*)$/s;

/**
 * Reads a URN: `urn:pulumi:<stack>::<project>::<parent types$><type>::<name>`.
 * @throws ProviderError `invalid-input` if it is none
 */
export function parseUrn(text: string): Urn {
  const groups = URN.exec(text)?.groups;
  const types = groups?.type;
  const name = groups?.name;
  if (types === undefined || name === undefined || name === "") {
    const shown = text.length > 100 ? `${text.slice(0, 100)}...` : text;
    throw new ProviderError({
      code: "invalid-input",
      message: `${JSON.stringify(shown)} is not a URN`,
      hint: "expected urn:pulumi:<stack>::<project>::<type>::<name>",
    });
  }
  return { urn: text, type: types.slice(types.lastIndexOf("$") + 1), name };
}
