import { createHash } from "node:crypto";
import { architectureOf } from "./architecture.ts";
import { authoritiesIn } from "./authorities.ts";
import type { MarkedLines } from "./lines.ts";
import type { AgentFacts, Answer, LockHolder, OperatingSystem, Probe, StagedRun } from "./probe.ts";
import { parseReceipt } from "./receipt.ts";

/** What `look.sh` said, as facts. Whatever a machine leaves out or garbles is `unknown` or absent, never an error. */
export function parseProbe(lines: MarkedLines, flavours: readonly string[]): Probe {
  const root = lines.get("uid") === "0";
  const receipt = lines.get("receipt");
  return {
    hostname: lines.get("hostname"),
    machineId: hashed(lines.get("machine-id")),
    bootId: lines.get("boot-id"),
    os: parseSystem(lines),
    init: oneOf(["systemd", "sysv"], lines.get("init")) ?? "none",
    privilege: root ? "root" : "user",
    disk: {
      stagingFreeBytes: freeBytes(lines.get("disk.staging")),
      // Where both lie on one file system, some `df` say it once.
      installFreeBytes: freeBytes(lines.get("disk.install") ?? lines.get("disk.staging")),
    },
    agents: flavours.map((flavour) => parseAgent(lines, flavour)),
    receipt: lines.has("receipt.unreadable") ? "unreadable" : receipt === undefined ? undefined : parseReceipt(receipt),
    lock: parseLock(lines.get("lock")),
    staged: (["running", "finished", "abandoned"] as const).flatMap((state) => parseStaged(lines, state)),
    server: { resolves: answer(lines.get("server.resolves")), reachable: answer(lines.get("server.reachable")) },
  };
}

function parseSystem(lines: MarkedLines): OperatingSystem {
  const distribution = unquoted(lines.get("os.ID"))?.toLowerCase();
  const likes = [distribution, ...(unquoted(lines.get("os.ID_LIKE"))?.toLowerCase().split(/\s+/) ?? [])];
  const tools = lines.all("tool");
  return {
    platform: lines.get("platform")?.toLowerCase() ?? "unknown",
    distribution,
    version: unquoted(lines.get("os.VERSION_ID")),
    title: unquoted(lines.get("os.PRETTY_NAME")),
    family: familyOf(likes, tools),
    architecture: architectureOf(lines.get("dpkg.architecture") ?? lines.get("machine") ?? "unknown"),
    libc: oneOf(["glibc", "musl"], lines.get("libc")) ?? "unknown",
  };
}

const DEBIAN = ["debian", "ubuntu"];
const RPM = ["rhel", "fedora", "centos", "suse", "opensuse", "rocky", "almalinux", "amzn", "ol"];

/** Both tools may be there: the distribution's own word decides then. Without its tool, a word is worth nothing. */
function familyOf(likes: readonly (string | undefined)[], tools: readonly string[]): OperatingSystem["family"] {
  const says = (words: readonly string[]) => likes.some((like) => like !== undefined && words.includes(like));
  const dpkg = tools.includes("dpkg");
  const rpm = tools.includes("rpm");
  if (dpkg && rpm) return says(RPM) && !says(DEBIAN) ? "rpm" : "debian";
  return dpkg ? "debian" : rpm ? "rpm" : "other";
}

function parseAgent(lines: MarkedLines, flavour: string): AgentFacts {
  const get = (key: string) => lines.get(`agent.${flavour}.${key}`);
  return {
    flavour,
    present: oneOf(["yes", "broken"], get("present")) ?? "no",
    version: get("version"),
    server: parseServer(get("server")),
    service: {
      state: oneOf(["active", "inactive", "failed", "starting", "unknown"], get("service")) ?? "absent",
      enabled: answer(get("enabled")),
    },
    connected: answer(get("connected")),
    enrolment: oneOf(["approved", "quarantined", "blocked"], get("enrolment")) ?? "unknown",
    kuid: get("kuid"),
    remark: get("remark"),
    trusts: trustsIn(get("trust")),
  };
}

/** What was cut or garbled is no news of whom the agent trusts. */
function trustsIn(text: string | undefined): AgentFacts["trusts"] {
  const found = text === undefined ? [] : authoritiesIn(text);
  return found.length === 0 ? undefined : found;
}

function parseServer(text: string | undefined): AgentFacts["server"] {
  const match = /^(?:\[(?<v6>[^\]]+)\]|(?<host>.+?)):(?<port>\d+)$/.exec(text ?? "");
  const host = match?.groups?.v6 ?? match?.groups?.host;
  return host === undefined ? undefined : { host, port: Number(match?.groups?.port) };
}

/** What an agent that updates itself is called as the owner of a lock; no configuration is, since `@` is written `%40`. */
const AGENT_UPDATE = "@agent-update";

/** `run:configuration:pid:start:boot`, as `lock.sh` and agents that update themselves write it. */
export function parseLock(text: string | undefined): LockHolder | undefined {
  const [runId, owner, pid] = text?.split(":") ?? [];
  if (runId === undefined || owner === undefined || !/^\d+$/.test(pid ?? "")) return undefined;
  return { runId, configurationId: owner === AGENT_UPDATE ? undefined : decoded(owner), pid: Number(pid) };
}

/**
 * Who works on a machine, in words.
 * @param named how a configuration is called there; its id in quotes where nothing is said
 */
export function holderText(
  { configurationId }: LockHolder,
  named: (configurationId: string) => string = (id) => `"${id}"`,
): string {
  return configurationId === undefined
    ? "an update of its agent is under way on the machine"
    : `a run of the configuration ${named(configurationId)} is working on the machine`;
}

/** A configuration's id as a word of a lock. */
export function lockOwner(configurationId: string): string {
  return encodeURIComponent(configurationId);
}

function decoded(owner: string): string {
  try {
    return decodeURIComponent(owner);
  } catch (error) {
    // Not written by us: shown as it is.
    if (error instanceof URIError) return owner;
    throw error;
  }
}

function parseStaged(lines: MarkedLines, state: StagedRun["state"]): StagedRun[] {
  const runs = new Set(lines.all(`staged.${state}`));
  return [...runs].map((runId) => ({ runId, state }));
}

/** A machine's id may be used to follow it around: only its hash is kept, as systemd's own manual asks. */
function hashed(machineId: string | undefined): string | undefined {
  return machineId === undefined ? undefined : createHash("sha256").update(machineId.trim()).digest("hex");
}

/** The fourth column of `df -Pk`; the first may hold blanks. */
function freeBytes(line: string | undefined): number | undefined {
  const kibibytes = /\s\d+\s+\d+\s+(-?\d+)\s+\d+%/.exec(line ?? "")?.[1];
  return kibibytes === undefined ? undefined : Math.max(0, Number(kibibytes)) * 1024;
}

function unquoted(value: string | undefined): string | undefined {
  const inner = value?.trim().replace(/^(["'])(.*)\1$/, "$2");
  return inner === "" ? undefined : inner;
}

function answer(value: string | undefined): Answer {
  return oneOf(["yes", "no"], value) ?? "unknown";
}

function oneOf<const Word extends string>(words: readonly Word[], value: string | undefined): Word | undefined {
  return words.find((word) => word === value);
}
