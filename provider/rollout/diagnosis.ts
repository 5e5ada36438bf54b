import { type Probe, serverText } from "../agent/agent.ts";
import type { Device, DeviceReason } from "../appliance/operations/devices.ts";
import { isRight } from "./codes.ts";
import { DIAGNOSIS_STEPS, type Finding, right, unknown, wrong } from "./diagnosis-findings.ts";
import type { DiagnosisMeans, DiagnosisSubject } from "./diagnosis-subject.ts";
import { wayFindings } from "./diagnosis-way.ts";
import { hintOf, type KnownMachine, type LastResult, lastTry } from "./known-machine.ts";

/** All findings, and the first that is wrong: that is where to begin. */
export interface Diagnosis {
  readonly findings: readonly Finding[];
  readonly firstWrong: Finding | undefined;
}

/**
 * Walks the way of a machine's agent to its server and names the first thing that is wrong (seed row B14). What the
 * machine itself can say, and what the appliance knows of it, counts more than what is seen from here.
 *
 * @example (await diagnose({ machine: "web01", server, timeoutMs: 5_000 }, means)).firstWrong?.message
 */
export async function diagnose(subject: DiagnosisSubject, means: DiagnosisMeans): Promise<Diagnosis> {
  const [looked, known] = await Promise.all([means.probe?.(subject.machine), means.knownMachine(subject.machine)]);
  const probe = looked === undefined || "failed" in looked ? undefined : looked;
  const { device, result, targetOf } = known;
  if (probe === undefined && device === undefined && result === undefined && targetOf === undefined)
    return diagnosisOf(await strangerFindings(subject, means, known.several));
  const removal = removalIn(known, probe);
  if (removal !== undefined) return diagnosisOf(await removedFindings(subject, means, removal));
  const seen = subject.server.elsewhere === true ? undefined : device;
  return diagnosisOf([
    ...(isConnected(seen, probe)
      ? connectedFindings(subject)
      : await wayFindings(subject, means, { probe, device: seen, result })),
    await tokenFinding(subject, means, seen),
    quarantineFinding(subject, device),
    serviceFinding(subject, looked, known),
  ]);
}

function diagnosisOf(findings: readonly Finding[]): Diagnosis {
  return { findings, firstWrong: findings.find(({ state }) => state === "wrong") };
}

/** A name that nobody knows, or that is not one machine's, has no agent whose way could be walked. */
function strangerFindings(
  subject: DiagnosisSubject,
  means: DiagnosisMeans,
  several: KnownMachine["several"],
): Promise<Finding[]> {
  const { machine } = subject;
  if (several === undefined)
    return unwalked(
      subject,
      means,
      `${machine} is not known`,
      wrong(
        "service",
        `this appliance knows no machine ${machine}: it has no agent, no result and no configuration of it`,
        "`kace devices list` and `kace results` show the machines it knows",
      ),
    );
  return unwalked(
    subject,
    means,
    `${machine} is what ${several.length} machines are called`,
    wrong(
      "service",
      `${several.length} machines are called ${machine}: ${several.join(", ")}`,
      "say which one by its whole name, its address or its KUID",
    ),
  );
}

/** The result by which no agent is to be there: its removal, or that it was gone already; none came since. */
function removalIn({ device, result }: KnownMachine, probe: Probe | undefined): LastResult | undefined {
  if (result === undefined || result.edited) return undefined;
  if (result.class !== "removed" && result.code !== "not-installed") return undefined;
  if (probe?.agents.some(({ present }) => present !== "no") === true) return undefined;
  const came = device !== undefined && (device.connected || device.lastSeenAt >= result.recordedAt);
  return came ? undefined : result;
}

function removedFindings(
  subject: DiagnosisSubject,
  means: DiagnosisMeans,
  { configuration, recordedAt, class: outcomeClass }: LastResult,
): Promise<Finding[]> {
  const { machine } = subject;
  const what = outcomeClass === "removed" ? "removed the agent of" : "wants no agent, and found none on";
  const service = `the configuration ${configuration} ${what} ${machine} at ${recordedAt}: none is expected there`;
  return unwalked(subject, means, `no agent is expected on ${machine}`, right("service", service));
}

/** The findings where there is no way to walk; a token is one of the appliance, whoever brings it. */
async function unwalked(
  subject: DiagnosisSubject,
  means: DiagnosisMeans,
  why: string,
  service: Finding,
): Promise<Finding[]> {
  const token = subject.token === undefined ? undefined : await tokenFinding(subject, means, undefined);
  return DIAGNOSIS_STEPS.map((step) => {
    if (step === "token" && token !== undefined) return token;
    return step === "service" ? service : unknown(step, `not looked at: ${why}`);
  });
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

function quarantineFinding({ machine, server }: DiagnosisSubject, device: Device | undefined): Finding {
  if (device === undefined) return unknown("quarantine", `no agent of ${machine} ever came to this appliance`);
  const why = device.reason === undefined ? "" : `: ${REASONS[device.reason]}`;
  switch (device.state) {
    case "approved":
      return server.elsewhere === true
        ? unknown(
            "quarantine",
            `${machine} is approved by this appliance; of ${serverText(server)} that is not known here`,
          )
        : right("quarantine", `${machine} is approved`);
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
  { device, result, targetOf }: KnownMachine,
): Finding {
  if (looked !== undefined && !("failed" in looked)) return serviceOn(machine, server, looked);
  if (device?.connected === true)
    return server.elsewhere === true
      ? unknown(
          "service",
          `the agent of ${machine} is connected to this appliance's server, which proves nothing of ${serverText(server)}`,
          `see on ${machine} which server its agent was told; \`kace-agent status\` says it of the reference agent`,
        )
      : right("service", `the agent of ${machine} is connected`);
  const blind = looked === undefined ? "" : `, and ${machine} could not be looked at: ${looked.failed}`;
  if (device === undefined) {
    const nobody = `no agent of ${machine} ever came to this appliance${blind}`;
    if (result !== undefined) return wrong("service", `${nobody}; ${lastTry(result)}`, hintOf(result) ?? INSTALL_IT);
    if (targetOf === undefined) return wrong("service", nobody, INSTALL_IT);
    return wrong("service", `${nobody}; it is a target of ${targetOf}, which has no result of it`, "run `pulumi up`");
  }
  const away = `the agent of ${machine} is not connected; it was last seen at ${device.lastSeenAt}${blind}`;
  const hint = "see whether the machine is on and the agent's service runs";
  // What was right, or was seen before its agent came last, says nothing of why it is gone.
  if (result === undefined || isRight(result.class) || result.recordedAt <= device.lastSeenAt)
    return wrong("service", away, hint);
  return wrong("service", `${away}; ${lastTry(result)}`, hintOf(result) ?? hint);
}

const INSTALL_IT = "install it with a `ProvisioningConfig`, or see whether its service runs";

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
