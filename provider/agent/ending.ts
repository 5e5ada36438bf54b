import type { MachineError } from "../machines/machine.ts";
import type { Activation, ActivationCode, ActivationRequest, Evidence } from "./activation.ts";
import type { AgentPackage } from "./agent-package.ts";
import { HINTS } from "./hints.ts";
import type { MarkedLines } from "./lines.ts";
import { holderText, parseLock, parseProbe } from "./parse-probe.ts";
import type { PlanAction } from "./plan.ts";
import type { Probe } from "./probe.ts";
import { serverText } from "./server.ts";

/** What is known when a script has ended, whichever way. */
export interface Heard {
  readonly lines: MarkedLines;
  readonly request: ActivationRequest;
  readonly action: Exclude<PlanAction, "blocked">;
  readonly package: AgentPackage | undefined;
}

/** The end of a script that said how it ended; undefined if it did not come to that. */
export function toldEnding(heard: Heard): Activation | undefined {
  const { lines, request, action } = heard;
  const probeAfter = looked(heard);
  const rest = { evidence: evidenceOf(heard, probeAfter), probeAfter, log: logOf(heard) };
  const code = codeOf(lines.get("code"));
  if (code !== undefined) {
    const text = code === "busy" ? busyMessage(lines) : (lines.get("message") ?? `the work ended with "${code}"`);
    const message = withoutSecret(text, request);
    return {
      class: "failed",
      code,
      message,
      hint: HINTS[code],
      resumable: false,
      transient: isTransient(code),
      ...rest,
    };
  }
  if (!lines.has("completed")) return undefined;
  if (action === "remove") return { class: "removed", message: removedMessage(request), ...rest };
  if (action === "none") return { class: "unchanged", message: "already right", ...rest };
  return { class: "succeeded", message: succeededMessage(heard, probeAfter), ...rest };
}

/** The end as seen from here: of a connection that broke, a time-out, a cancelled run. */
export function brokenEnding(heard: Heard, thrown: MachineError): Activation {
  const working = heard.lines.get("phase") === "work";
  const uploading = heard.lines.get("phase") === "upload";
  const code = brokenCode(thrown, working, uploading);
  return {
    class: "failed",
    code,
    message: withoutSecret(
      working ? `${thrown.message}, while the machine went on working` : thrown.message,
      heard.request,
    ),
    hint: thrown.hint ?? HINTS[code],
    // The last words of a broken connection may be missing: whether the work began is known by looking only.
    resumable: thrown.code === "lost" || working,
    transient: thrown.transient || (thrown.code === "lost" && !working),
    evidence: {},
    probeAfter: undefined,
    log: logOf(heard),
  };
}

function brokenCode(thrown: MachineError, working: boolean, uploading: boolean): ActivationCode {
  switch (thrown.code) {
    case "no-privilege":
    case "sudo-password":
    case "upload-failed":
    case "checksum-mismatch":
      return thrown.code;
    case "cancelled":
      return working ? "lost" : "cancelled";
    default:
      return uploading ? "upload-failed" : "lost";
  }
}

/** An end without the machine: it is not even tried, or nothing could be learnt. */
export function plainFailure(
  code: ActivationCode,
  message: string,
  more: {
    readonly hint?: string;
    readonly resumable?: boolean;
    readonly transient?: boolean;
    readonly probe?: Probe;
  } = {},
): Activation {
  return {
    class: "failed",
    code,
    message,
    hint: more.hint ?? HINTS[code],
    resumable: more.resumable ?? false,
    transient: more.transient ?? false,
    evidence: {},
    probeAfter: more.probe,
    log: [],
  };
}

/** The look at the machine that ended the script; undefined if it did not come to its end. */
export function looked({ lines, request }: Pick<Heard, "lines" | "request">): Probe | undefined {
  if (!lines.has("looked")) return undefined;
  const probe = parseProbe(lines, [request.desired.flavour.name]);
  // It looked while it still held the machine itself.
  return {
    ...probe,
    lock: probe.lock?.runId === request.runId ? undefined : probe.lock,
    staged: probe.staged.filter((run) => run.runId !== request.runId),
  };
}

/** Strikes the token out, in case a program of the target repeats it. */
export function withoutSecret(text: string, request: Pick<ActivationRequest, "token">): string {
  return request.token === undefined || request.token === "" ? text : text.replaceAll(request.token, "[token]");
}

const LAST_LINES = 40;

function logOf({ lines, request }: Heard): readonly string[] {
  const tail = lines.all("log.tail");
  return (tail.length > 0 ? tail : lines.all("log")).slice(-LAST_LINES).map((line) => withoutSecret(line, request));
}

function evidenceOf(heard: Heard, probeAfter: Probe | undefined): Evidence {
  const { lines } = heard;
  const removal = lines.has("removed.package")
    ? {
        packageGone: lines.get("removed.package") === "absent",
        serviceGone: ["absent", "unknown"].includes(lines.get("removed.service") ?? ""),
        directoriesLeft: lines.get("removed.left")?.trim().split(/\s+/) ?? [],
      }
    : {};
  return { agent: probeAfter?.agents[0], packageSha256: heard.package?.sha256, ...removal };
}

function succeededMessage({ request }: Heard, probeAfter: Probe | undefined): string {
  const agent = probeAfter?.agents[0];
  const version = `version ${agent?.version ?? "unknown"}`;
  if (!request.desired.flavour.hasService) return `${version} is in place`;
  return agent?.connected === "yes"
    ? `${version}, connected to ${serverText(request.desired.server)}`
    : `${version}, its service runs`;
}

function removedMessage({ desired }: ActivationRequest): string {
  return desired.removeDataDirectory === true
    ? "package, service, directories and data are gone"
    : "package, service and program directory are gone";
}

function busyMessage(lines: MarkedLines): string {
  const holder = parseLock(lines.get("holder"));
  return holder === undefined ? "another run is working on the machine" : holderText(holder);
}

function isTransient(code: ActivationCode): boolean {
  return code === "upload-failed";
}

function codeOf(word: string | undefined): ActivationCode | undefined {
  if (word === undefined) return undefined;
  return isActivationCode(word) ? word : "lost";
}

function isActivationCode(word: string): word is ActivationCode {
  return Object.hasOwn(HINTS, word);
}
