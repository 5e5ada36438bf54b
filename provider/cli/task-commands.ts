import { type Command, Option } from "commander";
import { MAX_LATE_SECONDS, type TaskType, taskType } from "../appliance/operations/task-types.ts";
import { type TaskState, taskState, taskView } from "../appliance/operations/task-words.ts";
import type { Recipients } from "./commands/recipients.ts";
import { runScript, type ScriptOptions } from "./commands/script.ts";
import {
  type AddOptions,
  addTasks,
  cancelTasks,
  listTasks,
  ORDERED,
  type Ordered,
  type ShownView,
  showTask,
} from "./commands/tasks.ts";
import { momentAhead, secondsOf } from "./lengths-of-time.ts";
import type { CommandContext } from "./session.ts";

const DAY_SECONDS = 86_400;

/** Adds `kace tasks` and `kace script` (seed A25). */
export function addTaskCommands(program: Command, { session, finish }: CommandContext): void {
  const tasks = program.command("tasks").description("What agents work on, and what waits for them.");
  tasks
    .command("list")
    .description("Those that run; --view shows others.")
    .addOption(
      new Option("--view <view>", "which of them; with --state or --source all, unless it is said").choices([
        ...taskView.options,
        "all",
      ]),
    )
    .option("--machine <machine>", "of one machine, by host name, KUID or address")
    .addOption(new Option("--type <type...>", "of these types").choices(taskType.options))
    .addOption(new Option("--state <state...>", "in these states").choices(taskState.options))
    .option("--source <id>", "of one order")
    .action(
      async (options: {
        view?: ShownView;
        machine?: string;
        type?: TaskType[];
        state?: TaskState[];
        source?: string;
      }) => finish(await listTasks(session(), options)),
    );
  tasks
    .command("show <id>")
    .description("A task with what it said; exit code 3 if it did not end well.")
    .action(async (id: string) => finish(await showTask(session(), id)));
  tasks
    .command("cancel [id...]")
    .description("Calls tasks back; one that runs is ended by its agent.")
    .option("--source <id>", "all of one order")
    .action(async (ids: string[], { source }: { source?: string }) =>
      finish(await cancelTasks(session(), ids, source)),
    );
  withRecipients(
    tasks
      .command("add")
      .description("Has agents show a text, bring their inventory or their own log, or look for scripts for later.")
      .addArgument(tasks.createArgument("<type>", "what they do").choices(ORDERED))
      .option("--text <text>", "what an alert says"),
  ).action(async (type: Ordered, options: AddOptions) => finish(await addTasks(session(), type, options)));

  const script = program.command("script").description("Shell scripts on the machines of agents.");
  withRecipients(
    script
      .command("run <file>")
      .description("Runs a shell script on machines; `-` reads it from the standard input.")
      .option("--timeout <duration>", "how long it may run", secondsOf(DAY_SECONDS, "24h"))
      .option(
        "--expires <duration>",
        "how long it waits for machines that are not connected",
        secondsOf(90 * DAY_SECONDS, "90d"),
      )
      .option(
        "--at <moment>",
        "begin it then, with or without the server: each agent is brought it before; such as 2027-03-01T22:00:00Z, or 2h for in two hours",
        momentAhead,
      )
      .option(
        "--late <duration>",
        "with --at: how much later it may begin where a machine was off (default: 1h)",
        secondsOf(MAX_LATE_SECONDS, "30d", 0),
      )
      .option(
        "--wait",
        "wait until it has ended everywhere, and print what it said; exit code 3 if it failed somewhere",
      ),
  ).action(async (file: string, options: ScriptOptions) => finish(await runScript(session(), file, options)));
  withRecipients(
    script
      .command("update")
      .description(
        "Has machines look now for scripts that run at a time of their own, and drop those that are called back.",
      ),
  ).action(async (options: Recipients) => finish(await addTasks(session(), "scripting-update", options)));
}

function withRecipients(command: Command): Command {
  return command
    .option("--machine <machine...>", "on these, by host name, KUID or address")
    .option("--label <label...>", "on the machines that have one of these labels")
    .option("--all", "on all of them");
}
