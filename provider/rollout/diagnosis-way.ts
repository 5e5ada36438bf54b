import { authoritiesIn, type Probe, serverText } from "../agent/agent.ts";
import type { Device } from "../appliance/operations/devices.ts";
import { type Finding, right, unknown, wrong } from "./diagnosis-findings.ts";
import type { DiagnosisMeans, DiagnosisSubject } from "./diagnosis-subject.ts";
import { hintOf, type KnownMachine, type LastResult } from "./known-machine.ts";

/** What can be said of the way of a machine to its server without looking at it from here. */
export interface Witnesses extends Pick<KnownMachine, "device" | "result"> {
  /** The machine as it is now, where it could be looked at. */
  readonly probe?: Probe | undefined;
}

/** Findings about name, port and certificate of the server: what the machine says counts more than what is seen from here. */
export async function wayFindings(
  subject: DiagnosisSubject,
  means: DiagnosisMeans,
  witnesses: Witnesses,
): Promise<Finding[]> {
  const { dns, address } = await dnsFinding(subject, means, witnesses);
  const port = await portFinding(subject, means, witnesses, address);
  const tls = await tlsFinding(subject, means, port.state === "wrong" ? undefined : address);
  return [dns, port, tls.state === "wrong" ? tls : (trustFinding(subject, witnesses) ?? tls)];
}

/** The result, where it says what an agent that has not come to its server since would find as well. */
function saidOnTheMachine({ device, result }: Witnesses, code: string, host: string): LastResult | undefined {
  // Asked for one server, it says nothing of another.
  if (result?.code !== code || !result.message.includes(host)) return undefined;
  return device === undefined || result.recordedAt > device.lastSeenAt ? result : undefined;
}

function wrongOnTheMachine(step: "dns" | "port", machine: string, result: LastResult): Finding {
  const { message, recordedAt, configuration } = result;
  const sentence = `${machine} itself was asked by the configuration ${configuration} at ${recordedAt}: ${message}`;
  return wrong(step, sentence, hintOf(result) ?? "see what stands between the machine and its server");
}

async function dnsFinding({ machine, server }: DiagnosisSubject, means: DiagnosisMeans, witnesses: Witnesses) {
  const found = await means.forward(server.host);
  const address = found.kind === "resolved" ? found.addresses[0] : undefined;
  const { probe, device } = witnesses;
  const finding = (): Finding => {
    if (probe?.server.resolves === "no") {
      return wrong(
        "dns",
        `${machine} cannot resolve the server's name ${server.host}`,
        "use a name that its name server knows",
      );
    }
    if (probe?.server.resolves === "yes") return right("dns", `${machine} resolves ${server.host}`);
    const unresolvable = saidOnTheMachine(witnesses, "server-unresolvable", server.host);
    if (unresolvable !== undefined) return wrongOnTheMachine("dns", machine, unresolvable);
    if (address !== undefined) return right("dns", `${server.host} resolves to ${address} here`);
    // Machines may well know a name that is not known here: in a lab, behind another name server.
    const why = found.kind === "not-found" ? "does not exist" : "could not be looked up";
    const remark = `seen from here, the server's name ${server.host} ${why}`;
    const last = device === undefined ? "" : `; the agent of ${machine} found its server last at ${device.lastSeenAt}`;
    return unknown("dns", `${remark}${last}`, `see on ${machine} whether it knows it: \`getent hosts ${server.host}\``);
  };
  return { dns: finding(), address };
}

async function portFinding(
  { machine, server, timeoutMs }: DiagnosisSubject,
  means: DiagnosisMeans,
  witnesses: Witnesses,
  address: string | undefined,
): Promise<Finding> {
  const where = serverText(server);
  if (server.startedBy !== undefined)
    return wrong(
      "port",
      `the appliance's server ${where} does not run`,
      `start it with \`${server.startedBy}\`, or by the service that runs it`,
    );
  const { probe } = witnesses;
  if (probe?.server.reachable === "no") {
    return wrong("port", `${machine} cannot reach ${where}`, "open the way from the machine to the server's port");
  }
  if (probe?.server.reachable === "yes") return right("port", `${machine} reaches ${where}`);
  const unreachable = saidOnTheMachine(witnesses, "server-unreachable", server.host);
  if (unreachable !== undefined) return wrongOnTheMachine("port", machine, unreachable);
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
function trustFinding({ machine, server }: DiagnosisSubject, { probe, device }: Witnesses): Finding | undefined {
  const [present] = server.caCertificate === undefined ? [] : authoritiesIn(server.caCertificate);
  const trusts = trustedOn(probe) ?? device?.trusts;
  if (present === undefined || trusts === undefined || trusts.length === 0 || trusts.includes(present))
    return undefined;
  return wrong(
    "tls",
    `the agent of ${machine} does not trust the server's present authority: it was away while that was renewed`,
    "run `pulumi up`, which gives it the authority, or `kace-agent configure` on the machine with what `kace authority show --pem` prints",
  );
}

function trustedOn(probe: Probe | undefined): Device["trusts"] {
  const trusts = probe?.agents.find(({ trusts: found }) => found !== undefined)?.trusts;
  return trusts === undefined ? undefined : [...trusts];
}
