import { ApplianceError } from "../errors.ts";

type Position = readonly (string | number)[];

/**
 * One page of rows of which one more than `limit` was asked for; what comes after it is found by the position of its
 * last row, so that rows which come and go meanwhile neither repeat nor hide others.
 */
export function page<Row, Item>(
  rows: readonly Row[],
  limit: number,
  positionOf: (row: Row) => Position,
  item: (row: Row) => Item,
): { readonly items: Item[]; readonly next: string | undefined } {
  const last = rows.length > limit ? rows[limit - 1] : undefined;
  return {
    items: rows.slice(0, limit).map(item),
    next: last === undefined ? undefined : Buffer.from(JSON.stringify(positionOf(last))).toString("base64url"),
  };
}

/** The text of a position at `index`. @throws ApplianceError `invalid` */
export function textAt(after: string, index: number): string {
  const value = positionOf(after)[index];
  if (typeof value !== "string") throw notOurs();
  return value;
}

/** The number of a position at `index`. @throws ApplianceError `invalid` */
export function numberAt(after: string, index: number): number {
  const value = positionOf(after)[index];
  if (typeof value !== "number") throw notOurs();
  return value;
}

function positionOf(after: string): readonly unknown[] {
  try {
    const value: unknown = JSON.parse(Buffer.from(after, "base64url").toString());
    if (Array.isArray(value)) return value;
  } catch (cause) {
    if (!(cause instanceof SyntaxError)) throw cause;
  }
  throw notOurs();
}

function notOurs(): ApplianceError {
  return new ApplianceError({
    code: "invalid",
    message: "`after` is not what an answer gave as `next`",
    hint: "start again without it",
  });
}
