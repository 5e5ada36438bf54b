import { type Measurement, type Target, verdictOf } from "./bench.ts";
import type { Spread } from "./statistics.ts";

/** A measurement and the bench that made it. */
export interface Row {
  readonly bench: string;
  readonly measurement: Measurement;
}

const HEADS = ["bench", "what", "ours", "yardstick", "ratio", "target", "met"];

/**
 * The table that people read: the median of all runs and, in brackets, from where to where they went.
 */
export function formatTable(rows: readonly Row[]): string {
  const lines = [HEADS, ...rows.map(cellsOf)];
  const widths = HEADS.map((_, column) => Math.max(...lines.map((cells) => (cells[column] ?? "").length)));
  const write = (cells: readonly string[]) =>
    cells
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join("  ")
      .trimEnd();
  const [heads = [], ...others] = lines;
  return [write(heads), widths.map((width) => "-".repeat(width)).join("  "), ...others.map(write)].join("\n");
}

function cellsOf({ bench, measurement }: Row): string[] {
  const { ours, yardstick, ratio, isMet } = verdictOf(measurement);
  return [
    bench,
    measurement.what,
    formatSpread(ours, measurement.unit),
    yardstick === undefined ? "-" : formatSpread(yardstick, measurement.unit),
    ratio === undefined ? "-" : formatSpread(ratio, "x"),
    measurement.target === undefined ? "-" : formatTarget(measurement.target, measurement.unit),
    isMet === undefined ? "-" : isMet ? "yes" : "NO",
  ];
}

function formatSpread({ median, min, max }: Spread, unit: string): string {
  return `${formatFigure(median)} ${unit} (${formatFigure(min)}..${formatFigure(max)})`;
}

function formatTarget({ of, bound, value }: Target, unit: string): string {
  return `${bound === "at most" ? "<=" : ">="} ${formatFigure(value)} ${of === "ratio" ? "x" : unit}`;
}

/** Three digits that mean something: `0.412`, `1.53`, `87.2`, `3420`. */
function formatFigure(figure: number): string {
  if (figure === 0) return "0";
  const digits = Math.max(0, 2 - Math.floor(Math.log10(Math.abs(figure))));
  return figure.toFixed(Math.min(digits, 3));
}
