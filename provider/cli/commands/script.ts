import { readFile } from "node:fs/promises";
import { text } from "node:stream/consumers";
import { setTimeout as pause } from "node:timers/promises";
import type { Output } from "../../appliance/appliance.ts";
import { everyPage } from "../../appliance/every-page.ts";
import { CommandError, type CommandSession, type ExitCode } from "../session.ts";
import { type Recipients, recipientsOf } from "./recipients.ts";
import { printOutput, tasksOf } from "./tasks.ts";

/** How often it is looked whether tasks have ended. */
const LOOK_MS = 1_000;

interface ScriptOptions extends Recipients {
  /** Seconds. */
  readonly timeout?: number;
  /** Seconds. */
  readonly expires?: number;
  readonly wait?: boolean;
}

/** Runs a script on machines, and with `wait` prints what became of it on each. */
export async function runScript(
  session: CommandSession,
  file: string,
  { timeout, expires, wait = false, ...recipients }: ScriptOptions,
): Promise<ExitCode> {
  const script = file === "-" ? await text(process.stdin) : await readScript(file);
  const devices = await recipientsOf(session, recipients);
  const queued = await session.write((appliance) =>
    appliance.queueTasks({
      kuids: devices.map(({ kuid }) => kuid),
      type: "script",
      payload: { script },
      timeoutSeconds: timeout,
      expiresInSeconds: expires,
    }),
  );
  if (!wait) {
    if (session.json) session.terminal.out(JSON.stringify(queued, undefined, 2));
    else
      session.terminal.err(
        `${tasksOf(queued.tasks.length)}; \`kace tasks list --source ${queued.sourceId}\` shows them`,
      );
    return 0;
  }
  const ended = await untilEnded(session, queued.sourceId, queued.tasks.length);
  if (session.json) session.terminal.out(JSON.stringify(ended, undefined, 2));
  else for (const task of ended) print(session, task);
  return ended.every(({ state }) => state === "completed") ? 0 : 3;
}

async function readScript(file: string): Promise<string> {
  try {
    return await readFile(file, "utf8");
  } catch (cause) {
    throw new CommandError(`the script cannot be read: ${cause instanceof Error ? cause.message : String(cause)}`);
  }
}

/** Waits for all tasks of an order. */
async function untilEnded(session: CommandSession, sourceId: string, count: number): Promise<Output<"getTask">[]> {
  for (;;) {
    const tasks = await session.read((appliance) =>
      everyPage(async (after) => {
        const { tasks: items, next } = await appliance.listTasks({ sourceId, limit: 1_000, after });
        return { items, next };
      }),
    );
    // A device that is deleted takes its tasks with it: what is not there any more is not waited for.
    if (tasks.every(({ state }) => state !== "ready" && state !== "running")) {
      if (tasks.length < count) session.terminal.err(`${count - tasks.length} of its machines were deleted meanwhile`);
      return session.read((appliance) => Promise.all(tasks.map(({ id }) => appliance.getTask({ id }))));
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
  session.terminal.err(
    `${machine}: ${state}${code}${note === undefined || note === `exit code ${exitCode}` ? "" : ` (${note})`}`,
  );
  printOutput(session, task);
}
