/** How an automatic name is made for a property that the user left out. */
export interface Autoname {
  /** How many random characters follow the resource's logical name; 0 for none. Default 7. */
  readonly randomLength?: number;
  /** The longest name allowed; the logical name is cut to fit. Default 255. */
  readonly maxLength?: number;
}

/**
 * What a property says about itself beside its type. Written with zod's own `.meta()`:
 *
 * @example z.string().meta({ description: "The password of `username`.", secret: true, credential: true })
 */
export interface PropertyMeta {
  /** What it is, in Markdown. Every property has one. */
  readonly description?: string | undefined;
  /** Never shown and encrypted in the state. */
  readonly secret?: boolean;
  /** A change makes a new object instead of updating the old one. */
  readonly replaces?: boolean;
  /**
   * What the provider needs to reach something. Kept in the inputs only, never in the outputs; a change is recorded
   * by an update that runs no handler, unless the resource has `updateCredentials`; one that the state lacks (after
   * an import) is no difference.
   */
  readonly credential?: boolean;
  /** Compared by content: the side that was read back may hold `sha256:<hex>` in place of the text. */
  readonly hash?: boolean;
  /** A list whose order and repetitions mean nothing. */
  readonly set?: boolean;
  /** Environment variables that give the value where the program does not; the first that is set wins. */
  readonly environment?: readonly string[];
  /** Why the property should not be used any more, and what to use instead. */
  readonly deprecation?: string;
  /** Older names under which the property is still accepted. */
  readonly aliases?: readonly string[];
  /** Values for the documentation. */
  readonly examples?: readonly unknown[];
  /** Filled in with a name made from the resource's own where the user gives none. */
  readonly autoname?: Autoname;
  /**
   * Filled in by `supply` of the resource where the user gives none, so that the state remembers it; the text says in
   * the documentation what with. State that lacks it, of a version that had no such property, is no difference.
   */
  readonly supplied?: string;
  /** The name of the type in SDKs, for objects and enums; made from the place where it is used if absent. */
  readonly typeName?: string;
  /** For enums: what each value means. */
  readonly valueDescriptions?: Readonly<Record<string, string>>;
  /** Set by `duration`, `asset`, `archive` and `resourceReference` of this room; not for authors. */
  readonly special?: SpecialType;
}

/** Types that zod has no word for. */
export type SpecialType =
  /** A text of a certain form; `expected` names the form in messages. */
  | { readonly kind: "text"; readonly expected: string }
  | { readonly kind: "asset" }
  | { readonly kind: "archive" }
  | { readonly kind: "reference"; readonly resource: string };

declare module "zod" {
  interface GlobalMeta extends PropertyMeta {}
}

/** Every name that means something; others in a schema's metadata are most likely typing mistakes. */
export const META_KEYS: ReadonlySet<string> = new Set<keyof PropertyMeta>([
  "description",
  "secret",
  "replaces",
  "credential",
  "hash",
  "set",
  "environment",
  "deprecation",
  "aliases",
  "examples",
  "autoname",
  "supplied",
  "typeName",
  "valueDescriptions",
  "special",
]);
