import { type Command, InvalidArgumentError, Option } from "commander";
import {
  DEFAULT,
  type OrDefault,
  planPolicy,
  resetPolicy,
  resumePolicy,
  type SetPolicyOptions,
  savePolicy,
  showPolicy,
} from "./commands/policy.ts";
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
    .option("--machine <machine...>", "these machines, by host name or KUID")
    .option("--to <version>", "`latest`, `n-1`, or a version that is loaded")
    .option("--deny <version...>", "versions that nobody is updated to")
    .option("--notes <text>", "whatever should be known about it")
    .option("--timezone <name>", "of the windows: Europe/Berlin")
    .option("--window <from-to...>", "when updates may begin: 22:00-06:00", windowsOf)
    .option("--blackout <from-to...>", "when they may not", windowsOf)
    .option("--step <percent@after...>", "which share from when on: 10%@0h 100%@24h", stepsOf)
    .option("--max-failures <number-or-share>", "more failures put it on hold: 5 or 10%", countOf);
}

function answerOf(text: string): OrDefault<boolean> {
  if (text !== "yes" && text !== "no" && text !== DEFAULT)
    throw new InvalidArgumentError("Expected yes, no or default.");
  return text === DEFAULT ? text : text === "yes";
}

type Windows = Exclude<NonNullable<SetPolicyOptions["window"]>, typeof DEFAULT>;

function windowsOf(text: string, before: OrDefault<Windows> = []): OrDefault<Windows> {
  if (text === DEFAULT) return text;
  const [, from, to] = /^(\d\d:\d\d)-(\d\d:\d\d)$/.exec(text) ?? [];
  if (from === undefined || to === undefined)
    throw new InvalidArgumentError("A window is two times of day, such as 22:00-06:00.");
  return [...(before === DEFAULT ? [] : before), { from, to }];
}

type Steps = Exclude<NonNullable<SetPolicyOptions["step"]>, typeof DEFAULT>;

const UNIT_SECONDS: Readonly<Record<string, number>> = { m: 60, h: 3_600, d: 86_400 };

function stepsOf(text: string, before: OrDefault<Steps> = []): OrDefault<Steps> {
  if (text === DEFAULT) return text;
  const [, percent, count, unit = ""] = /^(\d{1,3})%@(\d{1,6})([mhd])$/.exec(text) ?? [];
  const unitSeconds = UNIT_SECONDS[unit];
  if (unitSeconds === undefined) throw new InvalidArgumentError("A step is a share and a time, such as 10%@24h.");
  return [
    ...(before === DEFAULT ? [] : before),
    { percent: Number(percent), afterSeconds: Number(count) * unitSeconds },
  ];
}

function countOf(text: string): number | string {
  if (text === DEFAULT) return text;
  return text.endsWith("%") ? text : wholeNumber(text);
}

function wholeNumber(text: string): number {
  const count = Number(text);
  if (!Number.isInteger(count) || count < 0)
    throw new InvalidArgumentError("Expected a whole number or a share, such as 10%.");
  return count;
}
