import type { PackageFormat } from "./agent-package.ts";
import type { Flavour } from "./flavour.ts";
import type { OperatingSystem } from "./operating-system.ts";
import type { PrerequisiteFacts } from "./prerequisite-facts.ts";
import type { AgentServer } from "./server.ts";

export type { OperatingSystem };

/** `unknown` where the machine has no means to tell. */
export type Answer = "yes" | "no" | "unknown";

/** What a machine is and what is on it, as one look found it. Nothing was written to find out. */
export interface Probe {
  readonly hostname: string | undefined;
  /** SHA-256 (hex) of the text of /etc/machine-id; absent where there is none. */
  readonly machineId: string | undefined;
  readonly bootId: string | undefined;
  readonly os: OperatingSystem;
  readonly init: "systemd" | "sysv" | "none";
  /** What the look itself ran as. */
  readonly privilege: "root" | "user";
  readonly disk: { readonly stagingFreeBytes: number | undefined; readonly installFreeBytes: number | undefined };
  /** One for each flavour that was looked for. */
  readonly agents: readonly AgentFacts[];
  readonly receipt: Receipt | "unreadable" | undefined;
  /** A run that works on the machine right now. */
  readonly lock: LockHolder | undefined;
  /** Staging directories that runs left, or are still using. */
  readonly staged: readonly StagedRun[];
  readonly server: { readonly resolves: Answer; readonly reachable: Answer };
  /** Only where it was asked for. */
  readonly prerequisites?: PrerequisiteFacts | undefined;
}

export interface AgentFacts {
  readonly flavour: string;
  /** `broken`: something is there, but its programs or its package are not whole. */
  readonly present: "yes" | "no" | "broken";
  readonly version: string | undefined;
  readonly server: { readonly host: string; readonly port: number } | undefined;
  readonly service: {
    readonly state: "active" | "inactive" | "failed" | "starting" | "absent" | "unknown";
    readonly enabled: Answer;
  };
  readonly connected: Answer;
  readonly enrolment: "approved" | "quarantined" | "blocked" | "unknown";
  readonly kuid: string | undefined;
  /** The authorities it trusts, by the SHA-256 of their certificates; absent where it trusts its system's roots. */
  readonly trusts?: readonly string[] | undefined;
  /** Why it is not approved (`token-expired`), or its last error with the server; in the agent's own words. */
  readonly remark: string | undefined;
}

/** The file on the machine that says which configuration its agent belongs to. Root-readable, no secrets. */
export interface Receipt {
  readonly configurationId: string;
  readonly flavour: string;
  readonly version: string | undefined;
  /** Absent if the agent was found there. */
  readonly packageSha256: string | undefined;
  readonly packageFormat: PackageFormat | undefined;
  /** The agent was there before the configuration. */
  readonly adopted: boolean;
}

export interface LockHolder {
  readonly runId: string;
  /** Absent where an update of the machine's own agent is under way. */
  readonly configurationId: string | undefined;
  readonly pid: number;
}

export interface StagedRun {
  readonly runId: string;
  /** `abandoned`: nobody works on it and it has no result. */
  readonly state: "running" | "finished" | "abandoned";
}

/** What to look for. */
export interface ProbeRequest {
  readonly flavours: readonly Flavour[];
  /** Looked up and dialled from the machine; left out where nothing will connect. */
  readonly server?: Pick<AgentServer, "host" | "port" | "canonicalHost"> | undefined;
  readonly configurationId: string;
  /** Look as root, which receipts, locks and the agent's own files need. Default true. */
  readonly privileged?: boolean;
  /** Look also at what only an installation asks of a machine. Default false. */
  readonly prerequisites?: boolean | undefined;
  readonly timeoutMs?: number;
  readonly signal?: AbortSignal | undefined;
}
