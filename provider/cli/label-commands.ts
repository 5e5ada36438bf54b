import { type Command, InvalidArgumentError } from "commander";
import { type HistoryQuery, showHistory } from "./commands/history.ts";
import { changeLabel, listLabelMembers, listLabels } from "./commands/labels.ts";
import { listDecisions, listDuplicates, listQuarantine } from "./commands/quarantine.ts";
import type { CommandContext } from "./session.ts";

/** Adds `kace labels`. */
export function addLabelCommands(program: Command, { session, finish }: CommandContext): void {
  const labels = program.command("labels").description("Sets of machines that have a name.");
  labels
    .command("list")
    .description("All of them, with how many machines they have.")
    .action(async () => finish(await listLabels(session())));
  labels
    .command("members <label>")
    .description("The machines that one has, by its name or id.")
    .action(async (label: string) => finish(await listLabelMembers(session(), label)));
  labels
    .command("apply <label> <machine...>")
    .description("Puts machines into one by hand, by host name or KUID, enrolled or not.")
    .action(async (label: string, machines: string[]) =>
      finish(await changeLabel(session(), label, { add: machines })),
    );
  labels
    .command("remove <label> <machine...>")
    .description("Takes machines out of one.")
    .action(async (label: string, machines: string[]) =>
      finish(await changeLabel(session(), label, { remove: machines })),
    );
}

/** Adds what `kace quarantine` shows. */
export function addQuarantineLists(quarantine: Command, { session, finish }: CommandContext): void {
  quarantine
    .command("list")
    .description("Those that wait.")
    .action(async () => finish(await listQuarantine(session())));
  quarantine
    .command("rules")
    .description("What is decided in advance, in the order in which it is asked.")
    .action(async () => finish(await listDecisions(session())));
  quarantine
    .command("duplicates")
    .description("Those that were refused because a device has their KUID: copies of machines, for one.")
    .action(async () => finish(await listDuplicates(session())));
}

/** Adds `kace history`. */
export function addHistoryCommand(program: Command, { session, finish }: CommandContext): void {
  program
    .command("history")
    .description("Who changed what, and when, the latest first.")
    .option("--since <moment>", "from then on: a date, a moment, or how long ago, such as 24h")
    .option("--until <moment>", "before then")
    .option("--who <part>", "by those with this in their name")
    .option("--what <part>", "of operations with this in their name, such as token")
    .option("--subject <name>", "of what has this name, or is this subject, such as device:<kuid>")
    .option("--limit <number>", "how many entries at most", countOf, 100)
    .action(async (query: HistoryQuery) => finish(await showHistory(session(), query)));
}

function countOf(text: string): number {
  const count = Number(text);
  if (!Number.isInteger(count) || count < 1) throw new InvalidArgumentError("A number from 1 on is expected.");
  return count;
}
