import type { Address } from "./address.ts";
import type { AddressSet } from "./address-set.ts";

/** What is wrong with one item, and what the user most likely meant, if that can be told. */
export interface Fault {
  readonly kind: "fault";
  readonly message: string;
  readonly suggestion?: string | undefined;
}

/** What an item that speaks of addresses means. */
export type AddressItem =
  | { readonly kind: "single"; readonly address: Address }
  | { readonly kind: "range"; readonly set: AddressSet };

export function fault(message: string, suggestion?: string): Fault {
  return { kind: "fault", message, suggestion };
}

/** Longer texts are cut in messages. */
const MAX_SHOWN = 64;

/** A text in quotation marks, as messages show what the user wrote. */
export function quoted(text: string): string {
  return JSON.stringify(text.length > MAX_SHOWN ? `${text.slice(0, MAX_SHOWN)}...` : text);
}
