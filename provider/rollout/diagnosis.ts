import { authoritiesIn, type Probe, serverText } from "../agent/agent.ts";
import type { Output } from "../appliance/appliance.ts";
import type { Device, DeviceReason } from "../appliance/operations/devices.ts";
import type { ForwardLookup } from "./dns/answers.ts";
import type { TlsAnswer, TlsGreeting } from "./greet-tls.ts";
import type { PortState } from "./ports/port-state.ts";

/** The way of an agent to its server, in the order in which it can break. */
export const DIAGNOSIS_STEPS = ["dns", "port", "tls", "token", "quarantine", "service"] as const;

export type DiagnosisStep = (typeof DIAGNOSIS_STEPS)[number];

/** What was found at one step; `unknown` where it could not be looked at. */
export interface Finding {
  readonly step: DiagnosisStep;
  readonly state: "right" | "wrong" | "unknown";
  readonly message: string;
  readonly hint?: string | undefined;
}

/** All findings, and the first that is wrong: that is where to begin. */
export interface Diagnosis {
  readonly findings: readonly Finding[];
  readonly firstWrong: Finding | undefined;
}

/** What is asked about: why a machine does not appear at its server. */
export interface DiagnosisSubject {
  /** Name or address of the machine. */
  readonly machine: string;
  readonly server: { readonly host: string; readonly port: number; readonly caCertificate?: string | undefined };
  /** The enrolment token its agent was given, if that is known. */
  readonly token?: string | undefined;
  readonly timeoutMs: number;
}

/** How to find out; every look is read-only. */
export interface DiagnosisMeans {
  forward(name: string): Promise<ForwardLookup>;
  portState(address: string, port: number, timeoutMs: number): Promise<PortState>;
  greet(greeting: TlsGreeting): Promise<TlsAnswer>;
  checkToken(value: string): Promise<Pick<Output<"checkToken">, "status" | "name">>;
  /** The device of a machine, by its name. */
  findDevice(machine: string): Promise<Device | undefined>;
  /** A look at the machine itself, where there is a log-in for it; it may fail with a sentence. */
  readonly probe?: ((machine: string) => Promise<Probe | { readonly failed: string }>) | undefined;
}

/**
 * Walks the way of a machine's agent to its server and names the first thing that is wrong (seed row B14). What the
 * machine itself can say counts more than what is seen from here.
 *
 * @example (await diagnose({ machine: "web01", server, timeoutMs: 5_000 }, means)).firstWrong?.message
 */
export async function diagnose(subject: DiagnosisSubject, means: DiagnosisMeans): Promise<Diagnosis> {
  const [looked, device] = await Promise.all([means.probe?.(subject.machine), means.findDevice(subject.machine)]);
  const probe = looked === undefined || "failed" in looked ? undefined : looked;
  const findings = [
    ...(isConnected(device, probe) ? connectedFindings(subject) : await wayFindings(subject, means, probe, device)),
    await tokenFinding(subject, means, device),
    quarantineFinding(subject, device),
    serviceFinding(subject, looked, device),
  ];
  return { findings, firstWrong: findings.find(({ state }) => state === "wrong") };
}

/** An agent that is connected has found its way, whatever can be seen of it from here. */
function isConnected(device: Device | undefined, probe: Probe | undefined): boolean {
  return device?.connected === true && probe?.server.resolves !== "no" && probe?.server.reachable !== "no";
}

function connectedFindings({ machine, server }: DiagnosisSubject): Finding[] {
  return [
    right("dns", `the agent of ${machine} is connected, so it found its server`),
    right("port", `the agent of ${machine} is connected to port ${server.port}`),
    right("tls", `the agent of ${machine} trusts its server's certificate`),
  ];
}

async function wayFindings(
  subject: DiagnosisSubject,
  means: DiagnosisMeans,
  probe: Probe | undefined,
  device: Device | undefined,
): Promise<Finding[]> {
  const { dns, address } = await dnsFinding(subject, means, probe, device);
  const port = await portFinding(subject, means, probe, address);
  const tls = await tlsFinding(subject, means, port.state === "wrong" ? undefined : address);
  return [dns, port, tls.state === "wrong" ? tls : (trustFinding(subject, probe, device) ?? tls)];
}

async function dnsFinding(
  { machine, server }: DiagnosisSubject,
  means: DiagnosisMeans,
  probe: Probe | undefined,
  device: Device | undefined,
) {
  const found = await means.forward(server.host);
  const address = found.kind === "resolved" ? found.addresses[0] : undefined;
  const finding = (): Finding => {
    if (probe?.server.resolves === "no") {
      return wrong(
        "dns",
        `${machine} cannot resolve the server's name ${server.host}`,
        "use a name that its name server knows",
      );
    }
    if (probe?.server.resolves === "yes") return right("dns", `${machine} resolves ${server.host}`);
    if (address !== undefined) return right("dns", `${server.host} resolves to ${address} here`);
    const why = found.kind === "not-found" ? "does not exist" : "could not be looked up";
    // It has found the way before, so a name that is not known here most likely is known there.
    if (device !== undefined) return unknown("dns", `the server's name ${server.host} ${why} here`);
    return wrong("dns", `the server's name ${server.host} ${why}`, "check the name, and the name server");
  };
  return { dns: finding(), address };
}

async function portFinding(
  { machine, server, timeoutMs }: DiagnosisSubject,
  means: DiagnosisMeans,
  probe: Probe | undefined,
  address: string | undefined,
): Promise<Finding> {
  const where = serverText(server);
  if (probe?.server.reachable === "no") {
    return wrong("port", `${machine} cannot reach ${where}`, "open the way from the machine to the server's port");
  }
  if (probe?.server.reachable === "yes") return right("port", `${machine} reaches ${where}`);
  if (address === undefined) return unknown("port", `the address of ${server.host} is not known here`);
  switch (await means.portState(address, server.port, timeoutMs)) {
    case "open":
      return right("port", `${where} is open from here`);
    case "closed":
      return wrong("port", `nothing listens on ${where}`, "start it with `kace serve`, or check the port");
    case "filtered":
      return wrong("port", `${where} does not answer`, "look for a firewall on the way to it");
  }
}

async function tlsFinding(
  { server, timeoutMs }: DiagnosisSubject,
  means: DiagnosisMeans,
  address: string | undefined,
): Promise<Finding> {
  const { host, port, caCertificate } = server;
  if (address === undefined) return unknown("tls", `${serverText(server)} cannot be greeted from here`);
  const answer = await means.greet({ host, address, port, caCertificate, timeoutMs });
  if (answer.kind === "trusted") return right("tls", `agents can trust the certificate of ${host}`);
  if (answer.kind === "untrusted") return wrong("tls", answer.message, answer.hint);
  return wrong("tls", answer.message, "check that it is `kace serve` that listens there");
}

/** Whether the agent trusts none of the server's authorities; the machine's own file says more than what was said last. */
function trustFinding(
  { machine, server }: DiagnosisSubject,
  probe: Probe | undefined,
  device: Device | undefined,
): Finding | undefined {
  const [present] = server.caCertificate === undefined ? [] : authoritiesIn(server.caCertificate);
  const trusts = probe?.agents.find(({ trusts: found }) => found !== undefined)?.trusts ?? device?.trusts;
  if (present === undefined || trusts === undefined || trusts.length === 0 || trusts.includes(present))
    return undefined;
  return wrong(
    "tls",
    `the agent of ${machine} does not trust the server's present authority: it was away while that was renewed`,
    "run `pulumi up`, which gives it the authority, or `kace-agent configure` on the machine with what `kace authority show --pem` prints",
  );
}

const TOKEN_HINTS = {
  unknown: "use the value of an `AgentToken` of this appliance",
  expired: "give the `AgentToken` a later `expiresAt`, or rotate it",
  exhausted: "raise its `useLimit`, or rotate it",
  disabled: "set its `enabled`",
} as const;

async function tokenFinding(
  { machine, token }: DiagnosisSubject,
  means: DiagnosisMeans,
  device: Device | undefined,
): Promise<Finding> {
  if (device?.state === "approved") return right("token", `${machine} is enrolled and needs no token any more`);
  if (token === undefined) return unknown("token", "which token the agent was given is not known");
  const { status, name } = await means.checkToken(token);
  const which = name === undefined ? "the token" : `the token ${name}`;
  if (status === "valid") return right("token", `${which} is valid`);
  const sentence = status === "unknown" ? "the appliance does not know the token" : `${which} is ${status}`;
  return wrong("token", sentence, TOKEN_HINTS[status]);
}

const REASONS: Readonly<Record<DeviceReason, string>> = {
  "no-token": "it came without a token",
  "token-unknown": "its token is not known",
  "token-expired": "its token has expired",
  "token-exhausted": "its token had no uses left",
  "token-disabled": "its token is disabled",
  blocked: "it was blocked",
  "awaiting-approval": "it waits to be approved",
};

function quarantineFinding({ machine }: DiagnosisSubject, device: Device | undefined): Finding {
  if (device === undefined) return unknown("quarantine", `the appliance has never heard of ${machine}`);
  const why = device.reason === undefined ? "" : `: ${REASONS[device.reason]}`;
  switch (device.state) {
    case "approved":
      return right("quarantine", `${machine} is approved`);
    case "quarantined":
      return wrong(
        "quarantine",
        `${machine} waits in quarantine${why}`,
        `approve it with \`kace quarantine approve ${machine}\``,
      );
    case "blocked":
      return wrong(
        "quarantine",
        `${machine} is blocked`,
        `approve it with \`kace quarantine approve ${machine}\` if it may come back`,
      );
  }
}

function serviceFinding(
  { machine, server }: DiagnosisSubject,
  looked: Probe | { readonly failed: string } | undefined,
  device: Device | undefined,
): Finding {
  if (looked !== undefined && !("failed" in looked)) return serviceOn(machine, server, looked);
  if (device?.connected === true) return right("service", `the agent of ${machine} is connected`);
  const blind = looked === undefined ? "" : `, and ${machine} could not be looked at: ${looked.failed}`;
  if (device === undefined) {
    return wrong(
      "service",
      `no agent of ${machine} ever came to this appliance${blind}`,
      "install it with a `ProvisioningConfig`, or see whether its service runs",
    );
  }
  return wrong(
    "service",
    `the agent of ${machine} is not connected; it was last seen at ${device.lastSeenAt}${blind}`,
    "see whether the machine is on and the agent's service runs",
  );
}

function serviceOn(machine: string, server: DiagnosisSubject["server"], { agents }: Probe): Finding {
  const agent = agents.find(({ present }) => present !== "no");
  if (agent === undefined) {
    return wrong("service", `no agent is installed on ${machine}`, "install it with a `ProvisioningConfig`");
  }
  const repair = "run `pulumi up`, which repairs it";
  if (agent.present === "broken") return wrong("service", `the agent on ${machine} is not whole`, repair);
  if (agent.server !== undefined && serverText(agent.server) !== serverText(server)) {
    return wrong("service", `the agent on ${machine} belongs to ${serverText(agent.server)}`, repair);
  }
  if (agent.service.state !== "active") {
    return wrong("service", `the agent's service on ${machine} is ${agent.service.state}`, repair);
  }
  if (agent.connected === "no") {
    return wrong("service", `the agent on ${machine} runs but is not connected`, "read the log of its service");
  }
  return right("service", `the agent's service on ${machine} runs`);
}

function right(step: DiagnosisStep, message: string): Finding {
  return { step, state: "right", message };
}

function wrong(step: DiagnosisStep, message: string, hint: string): Finding {
  return { step, state: "wrong", message, hint };
}

function unknown(step: DiagnosisStep, message: string): Finding {
  return { step, state: "unknown", message };
}
