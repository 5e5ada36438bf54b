import type { Value } from "../define/value.ts";
import { eachSecretText } from "../define/value.ts";
import { NeedleIndex } from "./needles.ts";
import { isHideable, secretForms } from "./secret-forms.ts";

/** What stands in a text where a secret stood. */
export const MASK = "[secret]";

/**
 * Knows the secrets of this process and takes them out of texts that people will see.
 *
 * Masked are the secret itself, each of its lines, and what it becomes in JSON, in a URL and in Base64; overlapping
 * finds become one mask. What cannot be masked without spoiling every text is not: empty secrets, numbers below 1000,
 * and inside of words secrets of less than four characters.
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
    eachSecretText(value, (text) => this.addText(text));
  }

  /** Masks a text for the life of the process. */
  addText(text: string): void {
    this.#hold(text);
  }

  /** Opens a scope, whose secrets are masked until it is released. */
  scope(): RedactionScope {
    return new RedactionScope(
      this,
      (text) => this.#hold(text),
      (text) => this.#letGo(text),
    );
  }

  /** The text without secrets. Costs one pass over the text, however many secrets there are. */
  mask(text: string): string {
    return this.#index.replace(text, MASK);
  }

  #hold(text: string): void {
    const held = this.#held.get(text);
    if (held !== undefined) {
      held.holders += 1;
      return;
    }
    const forms = secretForms(text);
    this.#held.set(text, { holders: 1, forms });
    for (const form of forms) this.#index.add(form);
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

/** The secrets of one call. They are masked everywhere until the scope is released. */
export class RedactionScope {
  readonly #redactor: Redactor;
  readonly #hold: (text: string) => void;
  readonly #letGo: (text: string) => void;
  readonly #texts = new Set<string>();
  /** The plain forms of this scope's own secrets. */
  readonly #own = new NeedleIndex();

  /** Made by {@link Redactor.scope}. */
  constructor(redactor: Redactor, hold: (text: string) => void, letGo: (text: string) => void) {
    this.#redactor = redactor;
    this.#hold = hold;
    this.#letGo = letGo;
  }

  /** Masks every secret of a value until the scope is released. */
  add(value: Value): void {
    eachSecretText(value, (text) => this.addText(text));
  }

  /** Masks a text until the scope is released. */
  addText(text: string): void {
    if (this.#texts.has(text) || !isHideable(text)) return;
    this.#texts.add(text);
    this.#hold(text);
    this.#own.add(text);
  }

  /** {@link Redactor.mask}: all secrets of the process, not those of this scope alone. */
  mask(text: string): string {
    return this.#redactor.mask(text);
  }

  /** True if a text holds one of this scope's own secrets as it is. */
  touches(text: string): boolean {
    return this.#own.isIn(text);
  }

  /** Ends the scope. What another scope holds as well stays masked. A second release does nothing. */
  release(): void {
    for (const text of this.#texts) {
      this.#letGo(text);
      this.#own.remove(text);
    }
    this.#texts.clear();
  }
}
