import { ApplianceError } from "../errors.ts";
import { build } from "./query.ts";
import type { Transaction } from "./transaction.ts";

/** What may be used, as far as it says where. */
interface Used {
  readonly id: string;
  readonly organization: string;
}

const names = () => build.selectFrom("configurations").select(["name", "organization"]).orderBy("name");

/** Names a configuration; with its organization where that is another one than what it uses has. */
function inWords(used: Used) {
  return ({ name, organization }: { readonly name: string; readonly organization: string }) =>
    `configuration "${name}"${organization === used.organization ? "" : ` of the organization "${organization}"`}`;
}

/**
 * The configurations that name a bundle, in words for people: also those that no program has any more.
 *
 * @example configurationsNaming(tx, row) // ['configuration "berlin"']
 */
export function configurationsNaming(tx: Transaction, bundle: Used): readonly string[] {
  const naming = names().where((eb) =>
    eb(eb.fn<string | null>("json_extract", ["description", eb.val("$.bundle")]), "=", bundle.id),
  );
  return tx.queries.all(naming).map(inWords(bundle));
}

/**
 * The configurations that bring a token, by its present value or by one that it had before: as
 * {@link configurationsNaming}, and also those that were there before the token.
 */
export function configurationsBringing(tx: Transaction, token: Used): readonly string[] {
  const values = build.selectFrom("token_values").select("fingerprint").where("token_id", "=", token.id);
  return tx.queries.all(names().where("token_fingerprint", "in", values)).map(inWords(token));
}

/** Something that is to be taken away. */
interface Unwanted {
  /** 'the bundle "agents"' */
  readonly what: string;
  /** "deleted" */
  readonly how: string;
  /** The configurations that use it, in words for people. */
  readonly configurations: readonly string[];
  /** Whatever else does. */
  readonly others?: readonly string[];
  /** What those who use it are to do first. */
  readonly instead: string;
  /** The property that says so, where one does. */
  readonly path?: readonly string[] | undefined;
}

/** Requires that nothing uses what is to be taken away. @throws ApplianceError `conflict`, which names what does */
export function requireUnused({ what, how, configurations, others = [], instead, path }: Unwanted): void {
  const uses = [...configurations, ...others];
  if (uses.length === 0) return;
  const message = `${what} cannot be ${how}: it is used by ${uses.join(", ")}`;
  const problems = path === undefined ? undefined : [{ path: [...path], message }];
  const first = `let ${uses.length === 1 ? "it" : "them"} ${instead}`;
  const lost = "`kace config delete` takes a configuration that no program has any more";
  const hint = configurations.length === 0 ? first : `${first}; ${lost}`;
  throw new ApplianceError({ code: "conflict", message, hint, problems });
}
