import type { Output } from "../../appliance/appliance.ts";
import { ApplianceError } from "../../appliance/errors.ts";
import { everyPage } from "../../appliance/every-page.ts";
import type { TaskType } from "../../appliance/operations/task-types.ts";
import type { TaskState, TaskView } from "../../appliance/operations/task-words.ts";
import type { Task } from "../../appliance/operations/tasks.ts";
import { inOptions, type OptionOf } from "../input-faults.ts";
import { type Column, printList, tableOf } from "../output.ts";
import { type CommandSession, type ExitCode, UsageError } from "../session.ts";
import { deviceOf } from "./devices.ts";
import { type Recipients, recipientsOf } from "./recipients.ts";

const COLUMNS: readonly Column<Task>[] = [
  ["machine", ({ machine }) => machine],
  ["type", ({ type }) => type],
  ["id", ({ id }) => id],
  [
    "state",
    ({ state, heldSince, cancelRequested, note }) => {
      const kept = heldSince === undefined ? state : `${state}, kept by its agent`;
      return stateOf(cancelRequested ? `${kept}, called back` : kept, note);
    },
  ],
  ["started", ({ startedAt }) => startedAt],
  ["completed", ({ completedAt }) => completedAt],
  ["next run", ({ nextRunAt }) => nextRunAt],
  ["running time", ({ runSeconds }) => (runSeconds === undefined ? undefined : `${runSeconds}s`)],
  ["time-out", ({ timeoutSeconds }) => `${timeoutSeconds}s`],
  ["priority", ({ priority }) => priority],
];

function stateOf(state: string, note: string | undefined): string {
  return note === undefined ? state : `${state} (${note})`;
}

/** A view, or all tasks that are known. */
export type ShownView = TaskView | "all";

interface TaskFilter {
  readonly view?: ShownView;
  readonly machine?: string;
  readonly type?: TaskType[];
  readonly state?: TaskState[];
  readonly source?: string;
}

/** What the appliance calls the property that the option becomes. */
const OPTION_OF: OptionOf = { sourceId: "--source" };

/** The tasks of a view: those that run, or where a state or a source is looked for all, unless it is said which. */
export async function listTasks(session: CommandSession, filter: TaskFilter): Promise<ExitCode> {
  const { machine, type: types, state: states, source: sourceId } = filter;
  const device = machine === undefined ? undefined : await deviceOf(session, machine);
  const view = filter.view ?? (states === undefined && sourceId === undefined ? "in-progress" : "all");
  const tasks = await inOptions(OPTION_OF, () =>
    session.read((appliance) =>
      everyPage(async (after) => {
        const { tasks: items, next } = await appliance.listTasks({
          ...(view !== "all" && { view }),
          ...(device !== undefined && { kuids: [device.kuid] }),
          types,
          states,
          sourceId,
          limit: 1_000,
          after,
        });
        return { items, next };
      }),
    ),
  );
  if (tasks.length === 0) await requireTasks(session, [], sourceId);
  printList(session.terminal, session.json, tasks, COLUMNS, "there are no such tasks");
  return 0;
}

/** Prints a task with what it said. */
export async function showTask(session: CommandSession, id: string): Promise<ExitCode> {
  const task = await session.read((appliance) => appliance.getTask({ id }));
  if (session.json) session.terminal.out(JSON.stringify(task, undefined, 2));
  else {
    session.terminal.err(tableOf([task], COLUMNS));
    printOutput(session, task);
  }
  return task.state === "completed" || task.state === "ready" || task.state === "running" ? 0 : 3;
}

/** What a task said, for people: it was made harmless when it was kept. */
export function printOutput(
  session: CommandSession,
  { output, outputTruncated }: Pick<Output<"getTask">, "output" | "outputTruncated">,
): void {
  if (output !== undefined) session.terminal.out(output.trimEnd());
  if (outputTruncated) session.terminal.err("(not all of what it said was kept)");
}

/** Calls tasks back by id, or all of one order. */
export async function cancelTasks(
  session: CommandSession,
  ids: readonly string[],
  sourceId: string | undefined,
): Promise<ExitCode> {
  if (ids.length === 0 && sourceId === undefined)
    throw new UsageError("which tasks?", "give their ids, or --source; `kace tasks list --view all` shows both");
  await requireTasks(session, ids, sourceId);
  const { cancelled, asked } = await session.write((appliance) =>
    appliance.cancelTasks({ ...(ids.length > 0 && { ids: [...ids] }), sourceId }),
  );
  session.terminal.err(`called back: ${cancelled} before they began, ${asked} that their agents are asked to end`);
  return cancelled + asked > 0 ? 0 : 1;
}

/** @throws UsageError that names what is not there, before anything is called back */
async function requireTasks(
  session: CommandSession,
  ids: readonly string[],
  sourceId: string | undefined,
): Promise<void> {
  const missing = await session.read(async (appliance) => {
    const found: string[] = [];
    for (const id of ids)
      try {
        await appliance.getTask({ id });
      } catch (error) {
        if (!(error instanceof ApplianceError && error.code === "not-found")) throw error;
        found.push(id);
      }
    return found;
  });
  const see = "`kace tasks list --view all` shows those there are, and what they are of";
  if (missing.length > 0) throw new UsageError(`there is no task ${missing.join(", ")}`, see);
  if (sourceId === undefined) return;
  const { tasks } = await inOptions(OPTION_OF, () =>
    session.read((appliance) => appliance.listTasks({ sourceId, limit: 1 })),
  );
  if (tasks.length === 0) throw new UsageError(`there is no task of the source ${sourceId}`, see);
}

/** Tasks that need nothing but machines, and of an alert its text. */
export const ORDERED = ["alert", "inventory", "log-upload", "scripting-update"] as const satisfies readonly TaskType[];

export type Ordered = (typeof ORDERED)[number];

export interface AddOptions extends Recipients {
  /** What an alert says. */
  readonly text?: string;
}

/** Queues a task that says nothing but its type, or an alert. */
export async function addTasks(
  session: CommandSession,
  type: Ordered,
  { text, ...recipients }: AddOptions,
): Promise<ExitCode> {
  if (type === "alert" && text === undefined) throw new UsageError("what is the alert to say?", "give it with --text");
  if (type !== "alert" && text !== undefined) throw new UsageError("--text is what an alert says", "leave it out");
  const devices = await recipientsOf(session, recipients);
  const queued = await inOptions({ "payload.text": "--text" }, () =>
    session.write((appliance) =>
      appliance.queueTasks({
        kuids: devices.map(({ kuid }) => kuid),
        type,
        ...(text !== undefined && { payload: { text } }),
      }),
    ),
  );
  if (session.json) session.terminal.out(JSON.stringify(queued, undefined, 2));
  else session.terminal.err(`${tasksOf(queued.tasks.length)} of source ${queued.sourceId}`);
  return 0;
}

/** "1 task is queued" */
export function tasksOf(count: number): string {
  return count === 1 ? "1 task is queued" : `${count} tasks are queued`;
}
