/** Several measurements of one thing. */
export interface Spread {
  readonly median: number;
  readonly min: number;
  readonly max: number;
}

/**
 * The median, which one slow or one lucky run does not move, and how far the runs are apart.
 * @throws RangeError if there is nothing to look at
 * @example spreadOf([3, 1, 2]) // { median: 2, min: 1, max: 3 }
 */
export function spreadOf(values: readonly number[]): Spread {
  const sorted = [...values].sort((one, other) => one - other);
  const [min] = sorted;
  const max = sorted.at(-1);
  const upper = sorted[Math.floor(sorted.length / 2)];
  const lower = sorted[Math.ceil(sorted.length / 2) - 1];
  if (min === undefined || max === undefined || upper === undefined || lower === undefined) {
    throw new RangeError("nothing was measured");
  }
  return { median: (lower + upper) / 2, min, max };
}

/**
 * How many times the other a thing is, run by run: what slows the machine down for a while slows both sides of a run.
 * @throws RangeError if the two were not measured equally often
 * @example ratiosOf([2, 9], [1, 3]) // [2, 3]
 */
export function ratiosOf(values: readonly number[], others: readonly number[]): number[] {
  if (values.length !== others.length) throw new RangeError("both sides must be measured equally often");
  return values.map((value, run) => value / (others[run] ?? Number.NaN));
}
