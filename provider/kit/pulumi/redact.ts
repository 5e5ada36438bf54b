import type { Value } from "../define/value.ts";
import { eachSecretText } from "../define/value.ts";
import { NeedleIndex } from "./needles.ts";
import { secretForms } from "./secret-forms.ts";

/** What stands in a text where a secret stood. */
export const MASK = "[secret]";

/**
 * Knows the secrets of this process and takes them out of texts that people will see.
 *
 * Masked are the secret itself, each of its lines, and what it becomes in JSON, in a URL and in Base64; overlapping
 * finds become one mask. What cannot be masked without spoiling every text is not: empty secrets, numbers of
 * less than four digits, and inside of words secrets of less than four characters.
 *
 * @example
 * const redactor = new Redactor();
 * const scope = redactor.scope();
 * scope.add(new Secret("hunter22"));
 * redactor.mask("login failed with hunter22"); // "login failed with [secret]"
 * scope.release();
 */
export class Redactor {
  readonly #index = new NeedleIndex();
  /** How many scopes hold a secret, and the forms that stand for it in the index. */
  readonly #held = new Map<string, { holders: number; readonly forms: readonly string[] }>();

  /** Masks every secret of a value for the life of the process. */
  add(value: Value): void {
    eachHideable(value, (text) => this.addText(text));
  }

  /** Masks a text for the life of the process. */
  addText(text: string): void {
    this.#hold(text);
  }

  /** Opens a scope, whose secrets are masked until it is released. */
  scope(): RedactionScope {
    return new RedactionScope({
      hold: (text) => this.#hold(text),
      letGo: (text) => this.#letGo(text),
      mask: (text) => this.mask(text),
    });
  }

  /** The text without secrets. Costs one pass over the text, however many secrets there are. */
  mask(text: string): string {
    return this.#index.replace(text, MASK);
  }

  #hold(text: string): readonly string[] {
    const held = this.#held.get(text);
    if (held !== undefined) {
      held.holders += 1;
      return held.forms;
    }
    const forms = secretForms(text);
    this.#held.set(text, { holders: 1, forms });
    for (const form of forms) this.#index.add(form);
    return forms;
  }

  #letGo(text: string): void {
    const held = this.#held.get(text);
    if (held === undefined) return;
    held.holders -= 1;
    if (held.holders > 0) return;
    this.#held.delete(text);
    for (const form of held.forms) this.#index.remove(form);
  }
}

/** What a scope needs of its redactor. `hold` returns the forms by which the secret may show. */
interface Holder {
  readonly hold: (text: string) => readonly string[];
  readonly letGo: (text: string) => void;
  readonly mask: (text: string) => string;
}

/** The secrets of one call, made by {@link Redactor.scope}. They are masked everywhere until the scope is released. */
export class RedactionScope {
  readonly #holder: Holder;
  readonly #formsByText = new Map<string, readonly string[]>();
  /** An index of this scope's secrets alone, made when first asked: most calls never ask. */
  #own: NeedleIndex | undefined;

  constructor(holder: Holder) {
    this.#holder = holder;
  }

  /** Masks every secret of a value until the scope is released. */
  add(value: Value): void {
    eachHideable(value, (text) => this.addText(text));
  }

  /** Masks a text until the scope is released. */
  addText(text: string): void {
    if (this.#formsByText.has(text)) return;
    const forms = this.#holder.hold(text);
    this.#formsByText.set(text, forms);
    for (const form of forms) this.#own?.add(form);
  }

  /** {@link Redactor.mask}: all secrets of the process, not those of this scope alone. */
  mask(text: string): string {
    return this.#holder.mask(text);
  }

  /** True if a text holds one of this scope's own secrets, in any of the forms that are masked. */
  touches(text: string): boolean {
    if (this.#own === undefined) {
      this.#own = new NeedleIndex();
      for (const forms of this.#formsByText.values()) for (const form of forms) this.#own.add(form);
    }
    return this.#own.isIn(text);
  }

  /** Ends the scope. What another scope holds as well stays masked. A second release does nothing. */
  release(): void {
    for (const text of this.#formsByText.keys()) this.#holder.letGo(text);
    this.#formsByText.clear();
    this.#own = undefined;
  }
}

/** Short numbers stand everywhere: to hide a port or a count would spoil every text and hide nothing. */
function eachHideable(value: Value, visit: (text: string) => void): void {
  eachSecretText(value, (text, type) => {
    if (type === "string" || text.replaceAll(/\D/g, "").length >= MIN_DIGITS) visit(text);
  });
}

const MIN_DIGITS = 4;
