import { isIP } from "node:net";
import { compareVersions, type FlavourName, sameVersion } from "../../agent/agent.ts";
import type { Appliance } from "../../appliance/appliance.ts";
import type { Bundle } from "../../appliance/operations/bundles.ts";
import { serverToDiagnose } from "../../rollout/diagnosis-means.ts";
import { createDns } from "../../rollout/dns/dns.ts";
import { systemNames } from "../../rollout/dns/name-source.ts";
import { readPins } from "../../rollout/host-key-pins.ts";
import { probePorts } from "../../rollout/ports/sweep.ts";
import { checkPrerequisites, type PrerequisitesQuestion } from "../../rollout/prerequisites/check.ts";
import type { WantedAgent } from "../../rollout/prerequisites/linux.ts";
import type { MachineReadiness, RequirementLine } from "../../rollout/prerequisites/requirement.ts";
import { wantedAgent } from "../../rollout/prerequisites/wanted.ts";
import type { SshLogIn } from "../../rollout/ssh-log-in.ts";
import { describeTargetProblem, parseTargets } from "../../rollout/targets/parse-targets.ts";
import { sizeProblem } from "../../rollout/targets/size.ts";
import type { TargetSet } from "../../rollout/targets/target-set.ts";
import { type Column, printable, tableOf } from "../output.ts";
import { type CommandSession, type ExitCode, UsageError } from "../session.ts";
import { textIn } from "../text-file.ts";
import { allConfigurations } from "./configurations.ts";

const PORT_TIMEOUT_MS = 2_000;
const CONNECT_TIMEOUT_MS = 10_000;
const AUTH_TIMEOUT_MS = 20_000;
const COMMAND_TIMEOUT_MS = 120_000;

/** What a check is told besides the machines. Secrets come from files: a command line can be read by others. */
export interface CheckArguments {
  readonly windows: boolean;
  readonly user: string;
  readonly keyFile?: string | undefined;
  readonly passwordFile?: string | undefined;
  /** The socket of an ssh agent, used where there is neither key nor password. */
  readonly agentSocket?: string | undefined;
  readonly become: "none" | "sudo" | "su";
  readonly becomePasswordFile?: string | undefined;
  readonly port: number;
  readonly bundle?: string | undefined;
  readonly agentVersion?: string | undefined;
  readonly flavour: FlavourName;
  readonly server?: string | undefined;
  readonly serverPort?: number | undefined;
}

const COLUMNS: readonly Column<RequirementLine>[] = [
  ["requirement", ({ requirement }) => requirement],
  ["state", ({ state }) => (state === "not-met" ? "NOT MET" : state.replace("-", " "))],
  ["what was found", ({ message }) => message],
];

/** Says of each machine what stands in the way of an installation. Exit code 3 if anything does. */
export async function checkCommand(
  session: CommandSession,
  machines: readonly string[],
  given: CheckArguments,
): Promise<ExitCode> {
  const targets = targetsNamed(machines);
  const { signal } = session;
  const logIn = given.windows ? undefined : await logInFrom(given);
  // It is about machines, before there is anything to look after.
  const without = "goes on";
  const names = new Map((await allConfigurations(session, without)).map(({ id, name }) => [id, name]));
  const checked = await session.read(async (appliance) => {
    const question: PrerequisitesQuestion =
      logIn === undefined
        ? { platform: "windows", targets: targets.walk(), portTimeoutMs: PORT_TIMEOUT_MS }
        : { platform: "linux", targets: targets.walk(), logIn, wanted: await wantedFrom(given, appliance) };
    return checkPrerequisites(question, {
      dns: createDns(systemNames(PORT_TIMEOUT_MS), { timeoutMs: PORT_TIMEOUT_MS, signal }),
      pins: await readPins(appliance),
      ask: probePorts,
      signal,
      nowMs: Date.now,
      configurationName: (id) => names.get(id),
    });
  }, without);
  if (session.json) session.terminal.out(JSON.stringify(checked, undefined, 2));
  else for (const [index, machine] of checked.entries()) print(session, machine, index > 0);
  return checked.every(({ ready }) => ready) ? 0 : 3;
}

function print(
  { terminal }: CommandSession,
  { machine, address, ready, lines, noLook }: MachineReadiness,
  after: boolean,
): void {
  const where = address === undefined ? machine : `${machine} (${address})`;
  terminal.out(`${after ? "\n" : ""}${printable(where)}: ${ready ? "ready" : "not ready"}\n`);
  if (noLook !== undefined) {
    terminal.out(`${noLook.class} (${noLook.code}): ${printable(noLook.message)}`);
    if (noLook.hint !== undefined) terminal.out(`  ${printable(noLook.hint)}`);
    // Of a machine that nobody can reach there is nothing to list, nor to see there.
    if (noLook.class === "unreachable") return;
    terminal.out("");
  }
  terminal.out(tableOf(lines, COLUMNS));
  const todo = lines.filter(({ state }) => state !== "met");
  if (todo.length === 0) return;
  terminal.out("");
  for (const { requirement, state, repair, command } of todo) {
    if (command !== undefined) terminal.out(`${requirement}: see it there by: ${printable(command)}`);
    if (repair !== undefined)
      terminal.out(`${requirement}: ${state === "not-met" ? "repair" : "if it is not so"}: ${printable(repair)}`);
  }
}

/** What stands on a command line is a range, an address or a host name, and looks like it. */
function targetsNamed(machines: readonly string[]): TargetSet {
  const ips = machines.filter((one) => isIP(one) !== 0);
  const ipRanges = machines.filter((one) => isIP(one) === 0 && /^[\d.]+[\d./-]*$/.test(one));
  const hostnames = machines.filter((one) => !ips.includes(one) && !ipRanges.includes(one));
  const parsed = parseTargets({ ips, ipRanges, hostnames }, []);
  const problem = parsed.ok ? sizeProblem(parsed.targets, { allowLarge: false }, []) : parsed.problems[0];
  if (problem !== undefined) throw new UsageError(describeTargetProblem(problem));
  if (!parsed.ok) throw new Error("targets are wrong for no reason");
  return parsed.targets;
}

async function logInFrom(given: CheckArguments): Promise<SshLogIn> {
  const password = await secretIn(given.passwordFile, "--password-file");
  const privateKey = given.keyFile === undefined ? undefined : await textIn(given.keyFile, "--key-file");
  const hasOwn = password !== undefined || privateKey !== undefined;
  const agentSocket = hasOwn || given.agentSocket === "" ? undefined : given.agentSocket;
  if (password === undefined && privateKey === undefined && agentSocket === undefined)
    throw new UsageError(
      "there is nothing to log in with",
      "give --key-file or --password-file, or run an ssh agent; --windows logs in to nothing",
    );
  const becomePassword =
    (await secretIn(given.becomePasswordFile, "--become-password-file")) ??
    (given.become === "sudo" ? password : undefined);
  return {
    username: given.user,
    credentials: { password, privateKey, agentSocket },
    port: given.port,
    become: given.become === "none" ? { method: "none" } : { method: given.become, password: becomePassword },
    hostKeys: { policy: "acceptNew" },
    jumpHosts: [],
    requiredPorts: [given.port],
    portTimeoutMs: PORT_TIMEOUT_MS,
    bypassPortCheck: false,
    connectTimeoutMs: CONNECT_TIMEOUT_MS,
    authTimeoutMs: AUTH_TIMEOUT_MS,
    commandTimeoutMs: COMMAND_TIMEOUT_MS,
  };
}

async function secretIn(file: string | undefined, option: string): Promise<string | undefined> {
  return file === undefined ? undefined : (await textIn(file, option)).replace(/\r?\n$/, "");
}

async function wantedFrom(given: CheckArguments, appliance: Appliance) {
  const server = serverToDiagnose({ name: given.server, port: given.serverPort }, await appliance.serverStatus({}));
  const bundle = given.bundle === undefined ? undefined : await bundleNamed(given.bundle, appliance);
  const wanted = wantedAgent({ bundle, flavour: given.flavour, version: given.agentVersion, server });
  requireVersion(wanted, given.bundle);
  return wanted;
}

/** @throws UsageError for a version that the bundle has no package of: no installation could bring it */
function requireVersion({ version, packages }: WantedAgent, bundle: string | undefined): void {
  if (version === undefined || packages === undefined || packages.length === 0) return;
  if (packages.some((one) => sameVersion(one.version, version))) return;
  const there = [...new Set(packages.map((one) => one.version))].sort(compareVersions).join(", ");
  throw new UsageError(`the bundle ${bundle} has no package of version ${version}; it has ${there}`);
}

async function bundleNamed(name: string, appliance: Appliance): Promise<Bundle> {
  const found = await appliance.findBundleByName({ name });
  return found ?? appliance.getBundle({ id: name });
}
