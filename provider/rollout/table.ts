import { styleText } from "node:util";
import type { OutcomeClass } from "../appliance/operations/outcome-classes.ts";
import { isRight } from "./codes.ts";
import { inNaturalOrder } from "./natural-order.ts";
import type { Outcome } from "./outcome.ts";
import { onOneLine } from "./plain-text.ts";

/** How a table is shown. */
export interface TableOptions {
  /** Whether it goes to a terminal that knows colours. */
  readonly colour: boolean;
  /** Of more machines, those that are not right are shown first. Default 100. */
  readonly maxRows?: number | undefined;
}

const MAX_ROWS = 100;

/** What became of the machines of a rollout, for a person. */
export async function resultTable(outcomes: Iterable<Outcome>, options: TableOptions): Promise<string> {
  const head = ["machine", "platform", "action", "result", "version", "connected", "time"];
  return await tableOf(head, outcomes, options, (outcome) => [
    machineText(outcome),
    outcome.platform ?? "",
    outcome.action,
    coloured(outcome.code, outcome.class, options),
    outcome.version ?? "",
    outcome.connected === undefined ? "" : outcome.connected ? "yes" : "no",
    timeText(outcome.durationMs),
  ]);
}

/** What would be done to the machines of a rollout, and why. */
export async function previewTable(outcomes: Iterable<Outcome>, options: TableOptions): Promise<string> {
  return await tableOf(["machine", "platform", "action", "why"], outcomes, options, (outcome) => [
    machineText(outcome),
    outcome.platform ?? "",
    outcome.code === "planned" || isRight(outcome.class)
      ? outcome.action
      : coloured(outcome.code, outcome.class, options),
    onOneLine(outcome.message),
  ]);
}

async function tableOf(
  head: readonly string[],
  outcomes: Iterable<Outcome>,
  { colour, maxRows = MAX_ROWS }: TableOptions,
  cells: (outcome: Outcome) => string[],
): Promise<string> {
  const { default: Table } = await import("cli-table3");
  const all = [...outcomes].filter(({ class: outcomeClass }) => outcomeClass !== "absent");
  all.sort((a, b) => inNaturalOrder(a.machine, b.machine));
  const shown = all.length <= maxRows ? all : byUrgency(all).slice(0, maxRows);
  const table = new Table({ head: [...head], style: { head: colour ? ["bold"] : [], border: colour ? ["grey"] : [] } });
  for (const outcome of shown) table.push(cells(outcome));
  const rest = all.length - shown.length;
  return rest === 0 ? table.toString() : `${table.toString()}\nand ${rest} more`;
}

function byUrgency(outcomes: readonly Outcome[]): Outcome[] {
  return [
    ...outcomes.filter((outcome) => !isRight(outcome.class)),
    ...outcomes.filter((outcome) => isRight(outcome.class)),
  ];
}

function machineText({ machine, name, address }: Outcome): string {
  const other = [name, address].find((text) => text !== undefined && text !== machine && `[${text}]` !== machine);
  return other === undefined ? machine : `${machine} (${other})`;
}

const COLOURS: Readonly<Record<OutcomeClass, "green" | "red" | "yellow" | "grey">> = {
  succeeded: "green",
  unchanged: "green",
  removed: "green",
  absent: "grey",
  unreachable: "yellow",
  failed: "red",
  notAttempted: "grey",
};

function coloured(text: string, outcomeClass: OutcomeClass, { colour }: TableOptions): string {
  return colour ? styleText(COLOURS[outcomeClass], text, { validateStream: false }) : text;
}

/** @example timeText(95_000) // "1 min 35 s" */
export function timeText(durationMs: number): string {
  const seconds = durationMs / 1_000;
  if (seconds < 60) return `${seconds.toFixed(1)} s`;
  const whole = Math.round(seconds);
  return `${Math.floor(whole / 60)} min ${whole % 60} s`;
}
