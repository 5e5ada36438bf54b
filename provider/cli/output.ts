import Table from "cli-table3";

/** Where a command says things: results on `out`, remarks for people on `err`. */
export interface Terminal {
  readonly out: (text: string) => void;
  readonly err: (text: string) => void;
  /** Whether `out` is the screen of a person. */
  readonly isScreen?: boolean;
}

/** One column of a table: its heading and what a row has there. */
export type Column<Row> = readonly [heading: string, cell: (row: Row) => string | number | boolean | undefined];

/** Rows for people: aligned, without frames and colours, so that `grep` and `awk` work on them. */
export function tableOf<Row>(rows: readonly Row[], columns: readonly Column<Row>[]): string {
  const head = columns.map(([heading]) => heading.toUpperCase());
  const lines = rows.map((row) => columns.map(([, cell]) => printable(cell(row))));
  const isPlain = [head, ...lines].every((cells) => cells.every((cell) => /^[ -~]*$/.test(cell)));
  return isPlain ? plainTableOf([head, ...lines]) : wideTableOf(head, lines);
}

/** Of text whose characters are each as wide as another: ten thousand rows take the table of all others seconds. */
function plainTableOf(lines: readonly (readonly string[])[]): string {
  const widths: number[] = [];
  for (const cells of lines)
    for (const [column, cell] of cells.entries()) widths[column] = Math.max(widths[column] ?? 0, cell.length);
  return lines
    .map((cells) =>
      cells
        .map((cell, column) => cell.padEnd((widths[column] ?? 0) + 2))
        .join("")
        .trimEnd(),
    )
    .join("\n");
}

/** Of any text: some characters are two wide, and some none. */
function wideTableOf(head: string[], lines: readonly string[][]): string {
  const none = "";
  const table = new Table({
    head,
    style: { head: [], border: [], "padding-left": 0, "padding-right": 2 },
    chars: {
      top: none,
      "top-mid": none,
      "top-left": none,
      "top-right": none,
      bottom: none,
      "bottom-mid": none,
      "bottom-left": none,
      "bottom-right": none,
      left: none,
      "left-mid": none,
      mid: none,
      "mid-mid": none,
      right: none,
      "right-mid": none,
      middle: none,
    },
  });
  table.push(...lines);
  return table
    .toString()
    .split("\n")
    .map((line) => line.trimEnd())
    .join("\n");
}

/** What machines and people wrote may hold anything: control characters do not reach the terminal. */
export function printable(value: string | number | boolean | undefined): string {
  if (value === undefined) return "-";
  if (typeof value === "boolean") return value ? "yes" : "no";
  return String(value).replace(/\p{Cc}/gu, "\u{fffd}");
}

/**
 * Prints a list as a table or, with `--json`, as JSON with everything that is known.
 *
 * @param nothing the sentence for an empty list; it must also be true where there was something before
 * @param forPrograms a row as the JSON shows it; as it is if left out
 */
export function printList<Row>(
  terminal: Terminal,
  json: boolean,
  rows: readonly Row[],
  columns: readonly Column<Row>[],
  nothing: string,
  forPrograms: (row: Row) => unknown = (row) => row,
): void {
  if (json) terminal.out(JSON.stringify(rows.map(forPrograms), undefined, 2));
  else if (rows.length === 0) terminal.err(nothing);
  else terminal.out(tableOf(rows, columns));
}
