import { FLAVOURS, type ProbeRequest } from "../../agent/agent.ts";
import { type Machine, MachineError, type MachineErrorCode } from "../../machines/machine.ts";
import { type AgentWork, agentWork } from "../agent-work.ts";
import { systemClock } from "../clock.ts";
import { OUTCOME_CODES } from "../codes.ts";
import type { Dns } from "../dns/dns.ts";
import { lookEndingOf } from "../ending.ts";
import { Gate } from "../gate.ts";
import { hintFor } from "../hint-for.ts";
import type { HostKeyPins } from "../host-key-pins.ts";
import type { PortState } from "../ports/port-state.ts";
import type { probePorts } from "../ports/sweep.ts";
import type { SshLogIn } from "../ssh-log-in.ts";
import { SshWorld, type SshWorldOptions } from "../ssh-world.ts";
import type { Target } from "../targets/target.ts";
import { linuxLines, notMeasured, type WantedAgent } from "./linux.ts";
import {
  LINUX_REQUIREMENTS,
  type LinuxRequirement,
  type MachineReadiness,
  type NoLook,
  type RequirementLine,
} from "./requirement.ts";
import { WINDOWS_PORTS, waysInto, windowsLines } from "./windows.ts";

/** What is asked: what stands in the way of an installation on these machines. */
export type PrerequisitesQuestion =
  | {
      readonly platform: "linux";
      readonly targets: Iterable<Target>;
      readonly logIn: SshLogIn;
      readonly wanted: WantedAgent;
    }
  | { readonly platform: "windows"; readonly targets: Iterable<Target>; readonly portTimeoutMs: number };

/** The world, as the check needs it; it writes nothing there. */
export interface PrerequisitesWorld {
  readonly dns: Dns;
  readonly pins: Pick<HostKeyPins, "known">;
  readonly ask: typeof probePorts;
  readonly signal: AbortSignal;
  /** The wall clock here, in milliseconds since 1970. */
  readonly nowMs: () => number;
  /** What people call a configuration of this id. */
  readonly configurationName?: ((id: string) => string | undefined) | undefined;
  readonly agent?: Pick<AgentWork, "probe"> | undefined;
  readonly connect?: SshWorldOptions["connect"];
}

/** Machines that are looked at at once. */
const AT_ONCE = 16;

/**
 * Looks at every machine and says of each requirement of an installation whether it is met (seed A4), with the repair
 * where it is not. What is wrong with a machine is a line and never an error.
 *
 * @throws what the signal says if it fires
 * @example (await checkPrerequisites({ platform: "windows", targets, portTimeoutMs: 2_000 }, world))[0]?.lines
 */
export async function checkPrerequisites(
  question: PrerequisitesQuestion,
  world: PrerequisitesWorld,
): Promise<readonly MachineReadiness[]> {
  const gate = new Gate(AT_ONCE);
  return Promise.all(
    [...question.targets].map((target) =>
      gate.pass(() => {
        world.signal.throwIfAborted();
        return question.platform === "linux"
          ? linuxReadiness(target, question, world)
          : windowsReadiness(target, question.portTimeoutMs, world);
      }),
    ),
  );
}

function readiness(target: Target, address: string | undefined, lines: readonly RequirementLine[]): MachineReadiness {
  return {
    machine: target.key,
    ...(address !== undefined && address !== target.key && { address }),
    ready: lines.every(({ state }) => state !== "not-met"),
    lines,
  };
}

/** What a look comes through before it sees anything of the machine. */
const REACHED = ["name", "port", "host-key", "log-in"] as const satisfies readonly LinuxRequirement[];

/** The requirement that a look failed of. Those before it are met, and those after it were not looked at. */
const FAILS: Readonly<Partial<Record<MachineErrorCode, (typeof REACHED)[number]>>> = {
  "dns-failed": "name",
  "port-closed": "port",
  "port-filtered": "port",
  "connect-timeout": "port",
  "host-key-changed": "host-key",
  "host-key-unknown": "host-key",
  "auth-failed": "log-in",
  lost: "log-in",
};

const REPAIRS: Readonly<Partial<Record<LinuxRequirement, string>>> = {
  name: "check the name, or name a name server that knows it",
  port: "check that the machine is on, its sshd runs, and no firewall drops the connection",
  "host-key": "if the machine was set up anew, accept its new key with `kace hostkeys forget <machine>`",
  "log-in": "check the user name and its password or key, and the log of the machine's sshd",
};

const MET: Readonly<Partial<Record<LinuxRequirement, string>>> = {
  port: "sshd answers",
  "host-key": "its host key is believed",
  "log-in": "the log-in is accepted",
};

async function linuxReadiness(
  target: Target,
  { logIn, wanted }: Extract<PrerequisitesQuestion, { platform: "linux" }>,
  world: PrerequisitesWorld,
): Promise<MachineReadiness> {
  let privilegeFault: MachineError | undefined;
  let span = { lookedFromSeconds: 0, lookedUntilSeconds: 0 };
  const agent = world.agent ?? agentWork;
  /** One look as root; where that cannot be had, one without: most of it is seen so too. */
  const probe = async (machine: Machine, request: ProbeRequest) => {
    const look = async (privileged: boolean) => {
      const lookedFromSeconds = world.nowMs() / 1_000;
      const seen = await agent.probe(machine, { ...request, privileged, prerequisites: true });
      span = { lookedFromSeconds, lookedUntilSeconds: world.nowMs() / 1_000 };
      return seen;
    };
    try {
      return await look(true);
    } catch (error) {
      if (!(error instanceof MachineError) || (error.code !== "no-privilege" && error.code !== "sudo-password"))
        throw error;
      privilegeFault = error;
      return await look(false);
    }
  };
  const ssh = new SshWorld({
    logIn,
    // What a check sees is not kept: the first run that writes pins the key.
    pins: { known: (host, port) => world.pins.known(host, port), pin: () => Promise.resolve() },
    dns: world.dns,
    lookUpNames: false,
    agent: { ...agentWork, probe },
    flavours: Object.values(FLAVOURS),
    configurationId: "prerequisites",
    server: wanted.server,
    desiredFor: () => undefined,
    newRunId: () => {
      throw new Error("a check was asked to write");
    },
    limits: { awayMs: 0, attempts: 1 },
    clock: systemClock,
    random: Math.random,
    ask: world.ask,
    ...(world.connect !== undefined && { connect: world.connect }),
  });
  try {
    const looked = await ssh.look(target, {
      signal: world.signal,
      attempt: 1,
      known: true,
      handshake: (connect) => connect(),
    });
    if (looked.kind === "ended") throw new Error(`a known machine was taken for a dead address: ${target.key}`);
    try {
      const { probe: seen, where } = looked.look;
      return readiness(target, where.address, [
        ...REACHED.map((requirement) => reached(requirement, target)),
        ...linuxLines({ probe: seen, privilegeFault, ...span, configurationName: world.configurationName }, wanted),
      ]);
    } finally {
      await ssh.release(looked.look);
    }
  } catch (error) {
    if (world.signal.aborted || !(error instanceof MachineError)) throw error;
    return { ...readiness(target, target.address, linesOfFault(error, target)), noLook: noLookOf(error, target) };
  }
}

/** What a run would say of the machine. */
function noLookOf(error: MachineError, { key }: Target): NoLook {
  const { code, message, hint } = lookEndingOf(error);
  const meaning = OUTCOME_CODES[code];
  return {
    class: meaning.class,
    code,
    message: message ?? meaning.sentence,
    hint: hintFor(key, hint ?? meaning.hint),
  };
}

function reached(requirement: (typeof REACHED)[number], { name }: Target): RequirementLine {
  const message =
    requirement === "name"
      ? name === undefined
        ? "an address needs no name"
        : `${name} is resolved`
      : MET[requirement];
  return { requirement, state: "met", message: message ?? "met" };
}

function linesOfFault(error: MachineError, target: Target): readonly RequirementLine[] {
  const failed = FAILS[error.code];
  // Logged in, and then the machine did not answer in time: everything up to there is met.
  const at = failed === undefined ? REACHED.length : REACHED.indexOf(failed);
  // The line of the one that failed says why.
  const why = failed === undefined ? `not looked at: ${error.message}` : "not looked at: there was no log-in";
  return LINUX_REQUIREMENTS.map((requirement, index): RequirementLine => {
    const known = REACHED[index];
    // A connection that broke in the middle has not shown its key, for all that is known.
    if (requirement === "host-key" && error.code === "lost") return notMeasured(requirement, why);
    if (known !== undefined && index < at) return reached(known, target);
    if (index > at || failed === undefined) return notMeasured(requirement, why);
    return {
      requirement,
      state: "not-met",
      message: error.message,
      repair: hintFor(target.key, error.hint ?? REPAIRS[requirement]),
    };
  });
}

async function windowsReadiness(
  target: Target,
  timeoutMs: number,
  { dns, ask, signal }: PrerequisitesWorld,
): Promise<MachineReadiness> {
  const { address, line } = await addressOf(target, dns);
  if (address === undefined)
    return readiness(target, undefined, [line, ...windowsLines(new Map(), "its address is not known")]);
  const results = await ask({ address, ports: WINDOWS_PORTS.map(({ port }) => port), timeoutMs, signal });
  const ports = new Map<number, PortState>(results.map(({ port, state }) => [port, state]));
  const lines = [line, ...windowsLines(ports, "")];
  const { winrm, smb } = waysInto(ports);
  return { ...readiness(target, address, lines), ready: winrm || smb };
}

async function addressOf(
  { name, address }: Target,
  dns: Dns,
): Promise<{ readonly address?: string | undefined; readonly line: RequirementLine }> {
  if (address !== undefined || name === undefined)
    return { address, line: { requirement: "name", state: "met", message: "an address needs no name" } };
  const found = await dns.forward(name);
  if (found.kind === "resolved")
    return { address: found.addresses[0], line: { requirement: "name", state: "met", message: `${name} is resolved` } };
  const message =
    found.kind === "not-found" ? `the name ${name} does not exist` : `no name server could answer for ${name}`;
  return { line: { requirement: "name", state: "not-met", message, repair: REPAIRS.name } };
}
