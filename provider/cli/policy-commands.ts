import { type Command, Option } from "commander";
import {
  DEFAULT,
  planPolicy,
  resetPolicy,
  resumePolicy,
  type SetPolicyOptions,
  savePolicy,
  showPolicy,
} from "./commands/policy.ts";
import { answerOf, conditionsOf, countOf, datesOf, stepsOf, windowsOf } from "./policy-words.ts";
import type { CommandContext } from "./session.ts";

/** Adds `kace policy`: which agents are updated to which version, and when (seed A28, B11). */
export function addPolicyCommands(program: Command, { session, finish }: CommandContext): void {
  const policy = program.command("policy").description("Which agents are updated to which version, and when.");
  policy
    .command("show")
    .description("What holds, and how far it has come.")
    .action(async () => finish(await showPolicy(session())));
  policy
    .command("plan")
    .description("What the policy does now about every machine, and why; exit code 3 if it cannot reach or update one.")
    .action(async () => finish(await planPolicy(session())));
  withOptions(policy.command("set").description("Changes some of it; `default` gives a default back.")).action(
    async (options: SetPolicyOptions) => finish(await savePolicy(session(), options)),
  );
  policy
    .command("hold")
    .description("Begins nothing new; updates that agents work on go on.")
    .action(async () => finish(await savePolicy(session(), { hold: true })));
  policy
    .command("resume")
    .description("Goes on, whether somebody put it on hold or failures did.")
    .action(async () => finish(await resumePolicy(session())));
  policy
    .command("reset")
    .description("Gives all defaults back: nobody is updated.")
    .action(async () => finish(await resetPolicy(session())));
}

function withOptions(set: Command): Command {
  const yesOrNo = (flag: string, text: string) =>
    new Option(`--${flag} <yes-or-no>`, text).choices(["yes", "no", DEFAULT]).argParser(answerOf);
  return set
    .addOption(yesOrNo("enabled", "whether agents are updated"))
    .addOption(yesOrNo("broken", "also those that are connected and bring no inventory"))
    .addOption(yesOrNo("all-machines", "all machines of the organization"))
    .option("--label <name...>", "the machines of these labels")
    .option(
      "--machine <machine...>",
      "these machines, by host name or KUID, enrolled or not, or by the address of a device",
    )
    .option(
      "--filter <condition...>",
      "those that fit: 'hostname matches web*', 'none: label equals lab'",
      conditionsOf,
    )
    .option("--to <version>", "`latest`, `n-1`, or a version that is loaded")
    .option("--deny <version...>", "versions that nobody is updated to")
    .option("--notes <text>", "whatever should be known about it")
    .option("--timezone <name>", "of windows and blackouts: Europe/Berlin")
    .option("--window <from-to...>", "when updates may begin: 22:00-06:00, 22:00-06:00@friday,saturday", windowsOf)
    .option("--blackout <from-to...>", "when they may not", windowsOf)
    .option("--blackout-dates <from..to...>", "on which days they may not: 12-24..01-02=Christmas, 2026-10-03", datesOf)
    .option("--step <percent@after...>", "which share from when on: 10%@0h 100%@24h", stepsOf)
    .option("--max-failures <number-or-share>", "more failures put it on hold: 5 or 10%", countOf)
    .addOption(yesOrNo("hold", "begins nothing new"));
}
