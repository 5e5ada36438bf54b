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
  const none = "";
  const table = new Table({
    head: columns.map(([heading]) => heading.toUpperCase()),
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
  for (const row of rows) table.push(columns.map(([, cell]) => printable(cell(row))));
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
 * @param nothing the sentence for an empty list
 */
export function printList<Row>(
  terminal: Terminal,
  json: boolean,
  rows: readonly Row[],
  columns: readonly Column<Row>[],
  nothing: string,
): void {
  if (json) terminal.out(JSON.stringify(rows, undefined, 2));
  else if (rows.length === 0) terminal.err(nothing);
  else terminal.out(tableOf(rows, columns));
}
