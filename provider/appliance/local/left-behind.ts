import { MAX_NAME_LENGTH } from "../operations/fields.ts";
import type { HistoryEntry } from "../operations/history.ts";
import { build } from "./query.ts";
import { changesBetween, recordChanges, type Transaction } from "./transaction.ts";

/** What was made for a resource that has gone to another organization. */
interface Left {
  readonly id: string;
  readonly organization: string;
  readonly name: string;
}

/**
 * What something is called that its resource has left behind: nothing else is called so, since its id is in it.
 *
 * @example nameOfLeft({ id: "label-0f3a", name: "web" }) // "web (left, label-0f3a)"
 */
export function nameOfLeft({ id, name }: Pick<Left, "id" | "name">): string {
  const mark = ` (left, ${id})`;
  // What is cut within a character loses all of it.
  const kept = name.slice(0, MAX_NAME_LENGTH - mark.length).replace(/[\uD800-\uDBFF]$/, "");
  return `${kept.trimEnd()}${mark}`;
}

/**
 * Leaves something to be deleted by its id, once what uses it has gone to the other organization too: until then it is
 * nobody's, and its name is free for a resource that comes back.
 *
 * @param more what else has changed of it
 */
export function leaveBehind(
  tx: Transaction,
  kind: "bundle" | "label" | "token",
  { id, organization, name }: Left,
  more: HistoryEntry["changes"] = [],
): void {
  const after = nameOfLeft({ id, name });
  const left = { urn: null, name: after, updated_at: tx.now };
  tx.queries.run(build.updateTable(`${kind}s`).set(left).where("id", "=", id));
  // The operation is about the other organization, and this is not.
  recordChanges({ ...tx, named: organization }, { subject: `${kind}:${id}`, subjectName: after }, [
    ...changesBetween({ name }, { name: after }),
    ...more,
  ]);
}
