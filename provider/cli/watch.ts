import { setTimeout as pause } from "node:timers/promises";
import type { Command } from "commander";
import type { Terminal } from "./output.ts";
import type { ExitCode } from "./session.ts";

/** How long a list stays before it is read again. */
const EVERY_MS = 2_000;

/** Moves the cursor home and clears what is below (ECMA-48), which shows no empty screen in between. */
const CLEAR = "\u001b[H\u001b[J";

/** Lists beside those that are called `list`, by their whole name. */
const LISTS = new Set([
  "results",
  "history",
  "labels members",
  "quarantine rules",
  "quarantine duplicates",
  "policy plan",
  "authority show",
  "tokens uses",
]);

/** What a command has said in one run. */
export interface Frame {
  readonly exitCode: ExitCode;
  readonly out: readonly string[];
  readonly err: readonly string[];
}

/** Gives every command that lists something the option `--watch`. */
export function addWatching(program: Command): void {
  const walk = (command: Command, path: readonly string[]) => {
    for (const below of command.commands) walk(below, [...path, below.name()]);
    if (command.commands.length === 0 && (path.at(-1) === "list" || LISTS.has(path.join(" "))))
      command.option("--watch", "show what changes, until Ctrl-C");
  };
  walk(program, []);
}

/** A terminal that keeps what is said to it. */
export function collecting(): { readonly terminal: Terminal; frame(exitCode: ExitCode): Frame } {
  const [out, err]: [string[], string[]] = [[], []];
  const terminal = { out: (text: string) => void out.push(text), err: (text: string) => void err.push(text) };
  return { terminal, frame: (exitCode) => ({ exitCode, out, err }) };
}

/**
 * Shows a list again and again until the signal fires: on a screen as a whole, elsewhere only what has come and gone, as
 * lines with `+` and `-`, or with `--json` as one object a line. What fails after the first time is said once, and tried
 * again: a server may be restarted meanwhile.
 *
 * @param read runs the command once
 */
export async function watch(
  first: Frame,
  read: () => Promise<Frame>,
  { terminal, signal, json }: { readonly terminal: Terminal; readonly signal: AbortSignal; readonly json: boolean },
): Promise<ExitCode> {
  const show = terminal.isScreen === true && !json ? onScreen(terminal) : asChanges(terminal, json);
  show(first);
  while (await passed(EVERY_MS, signal)) show(await read());
  return 0;
}

/** False once the signal has fired. */
async function passed(ms: number, signal: AbortSignal): Promise<boolean> {
  try {
    await pause(ms, undefined, { signal });
    return true;
  } catch (error) {
    if (signal.aborted) return false;
    throw error;
  }
}

function onScreen({ out }: Terminal): (frame: Frame) => void {
  return (frame) => out(`${CLEAR}${[...frame.out, ...frame.err].join("\n")}`);
}

function asChanges({ out, err }: Terminal, json: boolean): (frame: Frame) => void {
  let [shown, remarks]: [readonly string[] | undefined, string] = [undefined, ""];
  return (frame) => {
    const said = frame.err.join("\n");
    if (said !== "" && said !== remarks) err(said);
    remarks = said;
    if (frame.exitCode === 1 || frame.exitCode === 2) return; // it could not be read: what was known stays
    const rows = json ? rowsOf(frame.out.join("\n")) : linesOf(frame.out);
    if (!json && shown === undefined) for (const line of frame.out) out(line);
    else {
      for (const row of without(shown ?? [], rows)) out(json ? `{"change":"removed","row":${row}}` : `- ${row}`);
      for (const row of without(rows, shown ?? [])) out(json ? `{"change":"added","row":${row}}` : `+ ${row}`);
    }
    shown = rows;
  };
}

/** The rows of a table without its heading; how wide its columns are does not matter. */
function linesOf(out: readonly string[]): string[] {
  const lines = out.flatMap((text) => text.split("\n"));
  return lines.slice(1).map((line) => line.split(/ {2,}/).join("  "));
}

/** The rows of a list in JSON, a line each. */
function rowsOf(text: string): string[] {
  const list: unknown = JSON.parse(text);
  return (Array.isArray(list) ? list : [list]).map((row: unknown) => JSON.stringify(row));
}

/** What of one list is not in another; a row may be there more than once. */
function without(rows: readonly string[], others: readonly string[]): string[] {
  const counts = new Map<string, number>();
  for (const other of others) counts.set(other, (counts.get(other) ?? 0) + 1);
  return rows.filter((row) => {
    const left = counts.get(row) ?? 0;
    counts.set(row, left - 1);
    return left <= 0;
  });
}
