import { ratiosOf, type Spread, spreadOf } from "./statistics.ts";

/** What a figure should come to: the figure itself, or how many times that of the yardstick it is. */
export interface Target {
  readonly of: "figure" | "ratio";
  readonly bound: "at most" | "at least";
  readonly value: number;
}

/** One thing that was measured, in every run of both sides. */
export interface Measurement {
  /** What it is: `start to port`. */
  readonly what: string;
  readonly unit: string;
  /** One figure for each run, in the order of the runs. */
  readonly ours: readonly number[];
  /** The same of what it is held against, measured in turn with ours. */
  readonly yardstick?: readonly number[];
  readonly target?: Target;
}

/** What a bench found out. */
export interface BenchResult {
  readonly measurements: readonly Measurement[];
  /** More to read, such as where the time goes: printed under the table as it is. */
  readonly notes?: readonly string[];
}

/** What a bench may use. */
export interface BenchContext {
  /** How often each side runs, or `undefined` for the bench's own choice. */
  readonly runs: number | undefined;
  /** A folder that is removed when the bench is over. */
  readonly folder: string;
  /** Tells who waits what is happening. */
  progress(text: string): void;
}

/** Something to be measured, found by name: `npm run bench -- kit.start`. */
export interface Bench {
  /** `<part of the product>.<what>` */
  readonly name: string;
  /** What is measured against what, in one sentence. */
  readonly description: string;
  run(context: BenchContext): Promise<BenchResult>;
}

/** A measurement, put together. */
export interface Verdict {
  readonly ours: Spread;
  readonly yardstick: Spread | undefined;
  readonly ratio: Spread | undefined;
  /** `undefined` where there is no target. The medians count. */
  readonly isMet: boolean | undefined;
}

/** Puts the runs of a measurement together and holds them against its target. */
export function verdictOf({ ours, yardstick, target }: Measurement): Verdict {
  const own = spreadOf(ours);
  const ratio = yardstick === undefined ? undefined : spreadOf(ratiosOf(ours, yardstick));
  return {
    ours: own,
    yardstick: yardstick === undefined ? undefined : spreadOf(yardstick),
    ratio,
    isMet: target === undefined ? undefined : isMet(target, target.of === "ratio" ? ratio : own),
  };
}

function isMet(target: Target, spread: Spread | undefined): boolean {
  if (spread === undefined) throw new TypeError("a ratio is wanted of something that has no yardstick");
  return target.bound === "at most" ? spread.median <= target.value : spread.median >= target.value;
}

/**
 * Runs the sides in turn: A B A B. Each side is run `warmUps` times before that, which is not counted.
 *
 * @returns for each side its figures in the order of the runs
 */
export async function inTurn<Side extends string, Figure>(
  runs: number,
  warmUps: number,
  sides: Readonly<Record<Side, () => Promise<Figure>>>,
): Promise<Record<Side, Figure[]>> {
  const names = Object.keys(sides) as Side[]; // the keys of a record of sides are sides
  const figures = Object.fromEntries(names.map((name) => [name, []])) as Record<Side, never[]> as Record<
    Side,
    Figure[]
  >; // empty, so of any type
  for (let run = -warmUps; run < runs; run += 1) {
    for (const name of names) {
      const figure = await sides[name]();
      if (run >= 0) figures[name].push(figure);
    }
  }
  return figures;
}
