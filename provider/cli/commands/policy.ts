import type { Input, Output } from "../../appliance/appliance.ts";
import { everyPage } from "../../appliance/every-page.ts";
import type { PlannedMachine, UpdatePolicyState } from "../../appliance/operations/update-policy.ts";
import { faultsText, inOptions, type OptionOf } from "../input-faults.ts";
import { type Column, printList, tableOf } from "../output.ts";
import { type CommandSession, type ExitCode, UsageError } from "../session.ts";
import { listedMachines } from "./listed-machines.ts";
import { lengthOf } from "./settings.ts";

type Changes = Omit<Input<"saveUpdatePolicy">, "organization" | "urn">;

/** The word that gives a default back. */
export const DEFAULT = "default";

export type OrDefault<T> = T | typeof DEFAULT;

/** A list of a change that is not taken back. */
type Listed<Property extends keyof Changes> = NonNullable<Changes[Property]>;

/** What `kace policy set` takes. */
export interface SetPolicyOptions {
  readonly enabled?: OrDefault<boolean>;
  readonly broken?: OrDefault<boolean>;
  readonly allMachines?: OrDefault<boolean>;
  readonly label?: string[];
  readonly machine?: string[];
  readonly filter?: OrDefault<NonNullable<Changes["filter"]>>;
  readonly to?: string;
  readonly deny?: string[];
  readonly notes?: string;
  readonly timezone?: string;
  readonly window?: OrDefault<Listed<"windows">>;
  readonly blackout?: OrDefault<Listed<"blackoutWindows">>;
  readonly blackoutDates?: OrDefault<Listed<"blackoutDates">>;
  readonly step?: OrDefault<Listed<"rollout">>;
  /** A number, a share, or `default`. */
  readonly maxFailures?: number | string;
  readonly hold?: OrDefault<boolean>;
}

/** What the appliance calls the properties that the options become. */
const OPTION_OF: OptionOf = {
  enabled: "--enabled",
  updateBrokenAgents: "--broken",
  allMachines: "--all-machines",
  labels: "--label",
  machines: "--machine",
  filter: "--filter",
  version: "--to",
  deniedVersions: "--deny",
  notes: "--notes",
  timezone: "--timezone",
  windows: "--window",
  blackoutWindows: "--blackout",
  blackoutDates: "--blackout-dates",
  rollout: "--step",
  maxFailures: "--max-failures",
  hold: "--hold",
};

/** What was said, as the appliance takes it. */
function said<T>(given: OrDefault<T> | undefined): T | null | undefined {
  return given === DEFAULT ? null : given;
}

function listOf(given: string[] | undefined): string[] | null | undefined {
  return given?.length === 1 && given[0] === DEFAULT ? null : given;
}

function changesOf(options: SetPolicyOptions): Changes {
  return {
    enabled: said(options.enabled),
    updateBrokenAgents: said(options.broken),
    allMachines: said(options.allMachines),
    labels: listOf(options.label),
    machines: listOf(options.machine),
    filter: said(options.filter),
    version: said<string>(options.to),
    deniedVersions: listOf(options.deny),
    notes: said<string>(options.notes),
    timezone: said<string>(options.timezone),
    windows: said(options.window),
    blackoutWindows: said(options.blackout),
    blackoutDates: said(options.blackoutDates),
    rollout: said(options.step),
    maxFailures: said<number | string>(options.maxFailures),
    hold: said(options.hold),
  };
}

type Row = readonly [name: string, value: string | number, isSet?: boolean];

const COLUMNS: readonly Column<Row>[] = [
  ["policy", ([name]) => name],
  ["value", ([, value]) => value],
  ["", ([, , isSet]) => (isSet === undefined ? "" : isSet ? "set" : "default")],
];

function rowsOf(state: UpdatePolicyState): Row[] {
  const { organization, urn, given, effective, held, beganAt, failures, distributionTimestamp } = state;
  const row = (name: string, property: keyof typeof effective, value: string): Row => [name, value, property in given];
  const yesOrNo = (value: boolean) => (value ? "yes" : "no");
  const windows = (list: typeof effective.windows) =>
    list.map(({ from, to, days }) => `${from} to ${to}${days === undefined ? "" : ` (${days.join(", ")})`}`).join("; ");
  const dates = effective.blackoutDates.map(
    ({ from, to, name }) => `${to === undefined ? from : `${from} to ${to}`}${name === undefined ? "" : ` (${name})`}`,
  );
  const steps = effective.rollout.map(({ percent, afterSeconds }) => `${percent}% after ${lengthOf(afterSeconds)}`);
  return [
    ["organization", organization],
    ...(urn === undefined ? [] : [["managed by", urn] satisfies Row]),
    row("enabled", "enabled", yesOrNo(effective.enabled)),
    row("update broken agents", "updateBrokenAgents", yesOrNo(effective.updateBrokenAgents)),
    row("all machines", "allMachines", yesOrNo(effective.allMachines)),
    row("labels", "labels", effective.labels.join(", ") || "none"),
    row("machines", "machines", effective.machines.join(", ") || "none"),
    row("filter", "filter", effective.filter === undefined ? "none" : JSON.stringify(effective.filter)),
    row("version", "version", effective.version),
    row("denied versions", "deniedVersions", effective.deniedVersions.join(", ") || "none"),
    row("notes", "notes", effective.notes ?? "none"),
    row("time zone", "timezone", effective.timezone ?? "the appliance's"),
    row("windows", "windows", windows(effective.windows) || "always"),
    row("blackout windows", "blackoutWindows", windows(effective.blackoutWindows) || "none"),
    row("blackout dates", "blackoutDates", dates.join("; ") || "none"),
    row("rollout", "rollout", steps.join(", ") || "all at once"),
    row("failures, at most", "maxFailures", String(effective.maxFailures)),
    row("hold", "hold", yesOrNo(effective.hold)),
    ["failed in this rollout", failures],
    ["rollout began", beganAt ?? "never"],
    ["on hold now", held !== undefined ? `${held.reason} (since ${held.at})` : holdOf(effective)],
    ["newest loaded bundle came", distributionTimestamp ?? "no bundle is loaded"],
  ];
}

function holdOf({ hold }: UpdatePolicyState["effective"]): string {
  return hold ? "somebody put it there" : "no";
}

function print({ terminal, json }: CommandSession, state: UpdatePolicyState): void {
  terminal.out(json ? JSON.stringify(state, undefined, 2) : tableOf(rowsOf(state), COLUMNS));
}

export async function showPolicy(session: CommandSession): Promise<ExitCode> {
  print(session, await session.read((appliance) => appliance.getUpdatePolicy({})));
  return 0;
}

/** Saves changes, and says what is worth to be known of them. */
export async function savePolicy(session: CommandSession, options: SetPolicyOptions): Promise<ExitCode> {
  if (Object.keys(options).length === 0)
    throw new UsageError("nothing is said to be set", "`kace policy set --help` lists what can be");
  const machine = options.machine && listOf(options.machine) && (await listedMachines(session, options.machine));
  const changes = changesOf({ ...options, ...(machine && { machine }) });
  const { findings, changed } = await inOptions(OPTION_OF, async () => ({
    findings: (await session.read((appliance) => appliance.planUpdates({ changes, limit: 1 }))).findings,
    changed: await session.write((appliance) => appliance.saveUpdatePolicy(changes)),
  }));
  print(session, changed);
  for (const finding of findings)
    if (finding.severity === "warning") session.terminal.err(faultsText([finding], OPTION_OF));
  if (changed.urn !== undefined)
    session.terminal.err(`this policy belongs to ${changed.urn}: its next \`pulumi up\` after a refresh sets its own`);
  return 0;
}

export async function resumePolicy(session: CommandSession): Promise<ExitCode> {
  print(session, await session.write((appliance) => appliance.resumeUpdates({})));
  return 0;
}

export async function resetPolicy(session: CommandSession): Promise<ExitCode> {
  await session.write((appliance) => appliance.resetUpdatePolicy({}));
  return showPolicy(session);
}

const PLAN_COLUMNS: readonly Column<PlannedMachine>[] = [
  ["machine", ({ hostname }) => hostname],
  ["agent", ({ agentVersion }) => agentVersion],
  ["wanted", ({ version }) => version],
  ["next", ({ nextVersion }) => nextVersion],
  ["connected", ({ connected }) => connected],
  ["broken", ({ broken }) => broken],
  ["what", ({ verdict, code }) => (code === undefined ? verdict : `${verdict}: ${code}`)],
  ["until", ({ until }) => until],
  ["why", ({ reason }) => reason],
];

/** @example closedLine({ code: "outside-window", reason: "no window of the policy is open", until }) */
function closedLine({ reason, until }: NonNullable<Output<"planUpdates">["closed"]>): string {
  return `${reason}: nothing is begun${until === undefined ? "" : ` until ${until}`}`;
}

export async function planPolicy(session: CommandSession): Promise<ExitCode> {
  let closed: Output<"planUpdates">["closed"];
  const machines = await session.read((appliance) =>
    everyPage(async (after) => {
      const { machines: items, next, closed: now } = await appliance.planUpdates({ limit: 1_000, after });
      closed = now;
      return { items, next };
    }),
  );
  machines.sort((one, other) => one.hostname.localeCompare(other.hostname, "en", { numeric: true }));
  printList(session.terminal, session.json, machines, PLAN_COLUMNS, "the update policy is for nobody");
  if (closed !== undefined) session.terminal.err(closedLine(closed));
  return machines.some(({ verdict, code }) => verdict === "refused" || code === "not-connected") ? 3 : 0;
}
