import { text } from "node:stream/consumers";
import { setTimeout as pause } from "node:timers/promises";
import type { Output } from "../../appliance/appliance.ts";
import { everyPage } from "../../appliance/every-page.ts";
import type { Device } from "../../appliance/operations/devices.ts";
import type { Task } from "../../appliance/operations/tasks.ts";
import { inOptions, type OptionOf } from "../input-faults.ts";
import { printable } from "../output.ts";
import { CommandError, type CommandSession, type ExitCode, UsageError } from "../session.ts";
import { textIn } from "../text-file.ts";
import { type Recipients, recipientsOf } from "./recipients.ts";
import { printOutput, tasksOf } from "./tasks.ts";

/** How often it is looked whether tasks have ended. */
const LOOK_MS = 1_000;

export interface ScriptOptions extends Recipients {
  /** Seconds. */
  readonly timeout?: number;
  /** Seconds. */
  readonly expires?: number;
  /** When agents begin it by themselves, RFC 3339. */
  readonly at?: string;
  /** Seconds. */
  readonly late?: number;
  readonly wait?: boolean;
}

/** What the appliance calls the properties that the options become. */
const OPTION_OF: OptionOf = {
  "payload.at": "--at",
  "payload.lateSeconds": "--late",
  "payload.script": "the script",
  timeoutSeconds: "--timeout",
  expiresInSeconds: "--expires",
};

/** Runs a script on machines, and with `wait` prints what became of it on each. */
export async function runScript(
  session: CommandSession,
  file: string,
  { timeout, expires, at, late, wait = false, ...recipients }: ScriptOptions,
): Promise<ExitCode> {
  if (late !== undefined && at === undefined)
    throw new UsageError("--late says how much later than at its time a script may begin", "give that time with --at");
  const script = file === "-" ? await text(process.stdin) : await textIn(file, "the script");
  if (script.trim() === "") {
    session.terminal.err(`kace: the script is empty${file === "-" ? "" : `: ${file}`}`);
    return 2;
  }
  const devices = await recipientsOf(session, recipients);
  const queued = await inOptions(OPTION_OF, () =>
    session.write((appliance) =>
      appliance.queueTasks({
        kuids: devices.map(({ kuid }) => kuid),
        type: "script",
        payload: { script, ...(at !== undefined && { at, lateSeconds: late }) },
        timeoutSeconds: timeout,
        expiresInSeconds: expires,
      }),
    ),
  );
  await sayWhoIsAway(session, devices);
  if (!wait) {
    if (session.json) session.terminal.out(JSON.stringify(queued, undefined, 2));
    else
      session.terminal.err(
        `${tasksOf(queued.tasks.length)}${at === undefined ? "" : ` for ${at}`}; \`kace tasks list --source ${queued.sourceId}\` shows them`,
      );
    return 0;
  }
  // As they come: whoever is called back before the last one has those of the others.
  const onEnded = (task: Output<"getTask">) => (session.json ? undefined : print(session, task));
  const ended = await untilEnded(session, queued.sourceId, { count: queued.tasks.length, onEnded });
  if (session.json) session.terminal.out(JSON.stringify(ended, undefined, 2));
  return ended.every(({ state }) => state === "completed") ? 0 : 3;
}

/** Machines that are named before it says how many more there are. */
const NAMED = 10;

/** What keeps the script from beginning now: it waits, and without a word that would look like work. */
async function sayWhoIsAway(session: CommandSession, devices: readonly Device[]): Promise<void> {
  const { running } = await session.read((appliance) => appliance.serverStatus({}));
  // What a server that was killed left behind says still that they are connected.
  const away = running ? devices.filter(({ connected }) => !connected) : devices;
  if (!running) session.terminal.err("no server of this appliance runs: start it with `kace serve`");
  if (away.length === 0) return;
  const names = away.slice(0, NAMED).map(({ hostname }) => printable(hostname));
  const more = away.length > NAMED ? ` and ${away.length - NAMED} more` : "";
  session.terminal.err(`not connected: ${names.join(", ")}${more}; the script waits for them until it expires`);
}

/** Waits for all tasks of an order. @param onEnded told of each as soon as it has ended */
async function untilEnded(
  session: CommandSession,
  sourceId: string,
  { count, onEnded }: { readonly count: number; readonly onEnded: (task: Output<"getTask">) => void },
): Promise<Output<"getTask">[]> {
  const ended = new Map<string, Output<"getTask">>();
  for (;;) {
    const { tasks, running } = await session.read(async (appliance) => ({
      running: (await appliance.serverStatus({})).running,
      tasks: await everyPage(async (after) => {
        const { tasks: items, next } = await appliance.listTasks({ sourceId, limit: 1_000, after });
        return { items, next };
      }),
    }));
    // Tasks are given up by the server. Without one there is nobody to do it, and nobody to send them any more either.
    const hasExpired = ({ state, expiresAt }: Pick<Task, "state" | "expiresAt">) =>
      !running && state === "ready" && expiresAt !== undefined && Date.parse(expiresAt) <= Date.now();
    const over = tasks.filter((task) => (task.state !== "ready" && task.state !== "running") || hasExpired(task));
    const news = over.filter(({ id }) => !ended.has(id));
    const read = await session.read((appliance) => Promise.all(news.map(({ id }) => appliance.getTask({ id }))));
    for (const task of read) {
      const told: Output<"getTask"> = hasExpired(task)
        ? { ...task, state: "expired", note: "no server ran that could have sent it" }
        : task;
      ended.set(task.id, told);
      onEnded(told);
    }
    // A device that is deleted takes its tasks with it: what is not there any more is not waited for.
    if (over.length === tasks.length) {
      if (tasks.length < count) session.terminal.err(`${count - tasks.length} of its machines were deleted meanwhile`);
      return tasks.flatMap(({ id }) => ended.get(id) ?? []);
    }
    try {
      await pause(LOOK_MS, undefined, { signal: session.signal });
    } catch {
      throw new CommandError(
        "interrupted; the tasks go on",
        `\`kace tasks cancel --source ${sourceId}\` calls them back`,
      );
    }
  }
}

function print(session: CommandSession, task: Output<"getTask">): void {
  const { machine, state, exitCode, note } = task;
  const code = exitCode === undefined ? "" : `, exit code ${exitCode}`;
  session.terminal.out(
    `${printable(machine)}: ${state}${code}${note === undefined || note === `exit code ${exitCode}` ? "" : ` (${note})`}`,
  );
  printOutput(session, task);
}
