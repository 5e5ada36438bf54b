import { type Command, InvalidArgumentError, Option } from "commander";
import type { Settings } from "../../appliance/operations/settings.ts";
import { type CommunicationsWindow, MAX_LOAD_AVERAGE } from "../../appliance/operations/settings-limits.ts";
import { overloadOf } from "../../appliance/run-interval.ts";
import { inOptions, type OptionOf } from "../input-faults.ts";
import { secondsFrom } from "../lengths-of-time.ts";
import { type Column, tableOf } from "../output.ts";
import { type CommandSession, type ExitCode, UsageError } from "../session.ts";

/** The word that gives a default back. */
const DEFAULT = "default";

type OrDefault<T> = T | typeof DEFAULT;

/** What `kace settings set` takes. */
interface SetOptions {
  readonly window?: OrDefault<CommunicationsWindow>;
  readonly runInterval?: OrDefault<number>;
  readonly inventoryInterval?: OrDefault<number>;
  readonly splashText?: string;
  readonly scriptingUpdateInterval?: OrDefault<number>;
  readonly logRetention?: OrDefault<"saveAll" | "off">;
  readonly taskThroughput?: OrDefault<number>;
  readonly maxCheckIns?: OrDefault<number>;
}

/** What the appliance calls the properties that the options become. */
const OPTION_OF: OptionOf = {
  communicationsWindow: "--window",
  runIntervalSeconds: "--run-interval",
  inventoryIntervalSeconds: "--inventory-interval",
  splashText: "--splash-text",
  scriptingUpdateIntervalSeconds: "--scripting-update-interval",
  logRetention: "--log-retention",
  taskThroughput: "--task-throughput",
  maxCheckInsPerHour: "--max-check-ins",
};

/** What was said, as the appliance takes it. */
function said<T>(option: OrDefault<T> | undefined): T | null | undefined {
  return option === DEFAULT ? null : option;
}

type Row = readonly [name: string, value: string | number, isSet?: boolean];

const COLUMNS: readonly Column<Row>[] = [
  ["setting", ([name]) => name],
  ["value", ([, value]) => value],
  ["", ([, , isSet]) => (isSet === undefined ? "" : isSet ? "set" : "default")],
];

function rowsOf({ organization, urn, given, effective, appliance }: Settings): Row[] {
  const { from, to } = effective.communicationsWindow;
  const row = (name: string, property: keyof typeof effective, value: string): Row => [name, value, property in given];
  return [
    ["organization", organization],
    ...(urn === undefined ? [] : [["managed by", urn] satisfies Row]),
    row("communications window", "communicationsWindow", from === to ? "always" : `${from} to ${to}`),
    row("run interval", "runIntervalSeconds", lengthOf(effective.runIntervalSeconds)),
    row(
      "inventory interval",
      "inventoryIntervalSeconds",
      effective.inventoryIntervalSeconds === 0 ? "at every check-in" : lengthOf(effective.inventoryIntervalSeconds),
    ),
    row("splash text", "splashText", effective.splashText),
    row(
      "scripting update interval",
      "scriptingUpdateIntervalSeconds",
      lengthOf(effective.scriptingUpdateIntervalSeconds),
    ),
    row("log retention", "logRetention", effective.logRetention),
    ["task throughput", appliance.taskThroughput, appliance.taskThroughputGiven],
    ["last task throughput update", appliance.taskThroughputUpdatedAt ?? "never"],
    ["load average", `${appliance.loadAverage.toFixed(1)} (normal up to ${MAX_LOAD_AVERAGE.toFixed(1)})`],
    ["check-ins an hour, at most", appliance.maxCheckInsPerHour, appliance.maxCheckInsPerHourGiven],
  ];
}

/** Seconds for people: 5400 is "1h 30m". */
export function lengthOf(seconds: number): string {
  const parts = [
    [Math.floor(seconds / 3_600), "h"],
    [Math.floor((seconds % 3_600) / 60), "m"],
    [seconds % 60, "s"],
  ] as const;
  const said = parts.filter(([count]) => count > 0).map(([count, unit]) => `${count}${unit}`);
  return said.length === 0 ? "0s" : said.join(" ");
}

function print({ terminal, json }: CommandSession, settings: Settings): void {
  terminal.out(json ? JSON.stringify(settings, undefined, 2) : tableOf(rowsOf(settings), COLUMNS));
}

export async function showSettings(session: CommandSession): Promise<ExitCode> {
  print(session, await session.read((appliance) => appliance.getSettings({})));
  return 0;
}

/** The settings are set all the same: it is for whoever sets them to say how much the appliance can take. */
async function warnOfLoad({ terminal, read }: CommandSession): Promise<void> {
  const load = await read((appliance) => appliance.checkInLoad({}));
  const overload = overloadOf(load, lengthOf(load.runIntervalSeconds));
  if (overload !== undefined) terminal.err(overload);
}

export async function setSettings(session: CommandSession, options: SetOptions): Promise<ExitCode> {
  if (Object.keys(options).length === 0)
    throw new UsageError("nothing is said to be set", "`kace settings set --help` lists what can be");
  const changed = await inOptions(OPTION_OF, () =>
    session.write((appliance) =>
      appliance.updateSettings({
        communicationsWindow: said(options.window),
        runIntervalSeconds: said(options.runInterval),
        inventoryIntervalSeconds: said(options.inventoryInterval),
        splashText: said(options.splashText),
        scriptingUpdateIntervalSeconds: said(options.scriptingUpdateInterval),
        logRetention: said(options.logRetention),
        taskThroughput: said(options.taskThroughput),
        maxCheckInsPerHour: said(options.maxCheckIns),
      }),
    ),
  );
  print(session, changed);
  if (options.runInterval !== undefined || options.maxCheckIns !== undefined) await warnOfLoad(session);
  if (changed.urn !== undefined)
    session.terminal.err(
      `these settings belong to ${changed.urn}: its next \`pulumi up\` after a refresh sets its own`,
    );
  return 0;
}

export async function resetSettings(session: CommandSession): Promise<ExitCode> {
  const { taskThroughputKept } = await session.write((appliance) => appliance.resetSettings({}));
  print(session, await session.read((appliance) => appliance.getSettings({})));
  if (taskThroughputKept)
    session.terminal.err("the task throughput stays as low as it is: it may not rise to its default now");
  return 0;
}

/** The commands about settings, below `kace settings`. */
export function addSettingsCommands(
  settings: Command,
  session: () => CommandSession,
  finish: (code: ExitCode) => void,
): void {
  settings
    .command("show")
    .description("What holds, and the load of the appliance.")
    .action(async () => finish(await showSettings(session())));
  settings
    .command("set")
    .description("Changes some of them; `default` gives a default back.")
    .option("--window <from-to>", "when agents may check in, by their machines' clocks: 22:00-06:00", windowOf)
    .option("--run-interval <duration>", "how often they check in: 2h", secondsOf)
    .option("--inventory-interval <duration>", "how often they bring their inventory: 4h; 0s for every time", secondsOf)
    .option("--splash-text <text>", "what users read while an agent works")
    .option("--scripting-update-interval <duration>", "how often agents look for the latest scripts", secondsOf)
    .addOption(
      new Option("--log-retention <what>", "whether what scripts say is kept").choices(["saveAll", "off", DEFAULT]),
    )
    .option("--task-throughput <number>", "how much the appliance works on at once", countOf)
    .option("--max-check-ins <number>", "how many check-ins an hour the appliance should be asked at most", countOf)
    .action(async (options: SetOptions) => finish(await setSettings(session(), options)));
  settings
    .command("reset")
    .description("Gives all defaults back.")
    .action(async () => finish(await resetSettings(session())));
}

function windowOf(text: string): OrDefault<CommunicationsWindow> {
  if (text === DEFAULT) return text;
  const [, from, to] = /^(\d\d:\d\d)-(\d\d:\d\d)$/.exec(text) ?? [];
  if (from === undefined || to === undefined)
    throw new InvalidArgumentError("A window is two times of day, such as 22:00-06:00.");
  return { from, to };
}

function secondsOf(text: string): OrDefault<number> {
  if (text === DEFAULT) return text;
  return secondsFrom(text);
}

function countOf(text: string): OrDefault<number> {
  if (text === DEFAULT) return text;
  const count = Number(text);
  if (!Number.isInteger(count) || count < 1) throw new InvalidArgumentError("Expected a whole number from 1 on.");
  return count;
}
