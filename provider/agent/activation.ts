import type { DesiredAgent, PackageSource } from "./desired.ts";
import type { BlockedCode } from "./plan.ts";
import type { AgentFacts, Probe } from "./probe.ts";

/** Why an activation did not end well. Each is a code of `docs/outcomes.md`. */
export type ActivationCode =
  | BlockedCode
  | "upload-failed"
  | "checksum-mismatch"
  | "install-failed"
  | "install-timeout"
  | "service-not-running"
  | "not-connected"
  | "reboot-required"
  | "remove-failed"
  | "sudo-password"
  | "lost"
  | "cancelled";

export interface ActivationRequest {
  readonly desired: DesiredAgent;
  readonly source: PackageSource;
  /** Travels on stdin, ends in the agent's own 0600 file, and is struck out of every line that comes back. */
  readonly token?: string | undefined;
  readonly verify: {
    readonly timeoutMs: number;
    /** Ask for a connection and an approval, not only for a running service. */
    readonly waitForConnection: boolean;
  };
  /** Leave the package under /var/cache/pulumi-kace on the machine. Default false. */
  readonly keepPackage?: boolean | undefined;
  readonly timeouts: {
    /** The installer itself, and waiting for another one that holds the package manager. */
    readonly installMs: number;
    /** The package on its way. Default ten minutes. */
    readonly uploadMs?: number;
  };
  /** Names this attempt on the machine: `[A-Za-z0-9._-]+`, not used before. */
  readonly runId: string;
  readonly signal?: AbortSignal | undefined;
  readonly onLog?: ((line: string) => void) | undefined;
}

interface Ending {
  readonly message: string;
  /** What was seen on the machine after the work. */
  readonly evidence: Evidence;
  /** Absent where the connection did not last until then. */
  readonly probeAfter: Probe | undefined;
  /** The last lines of the target's own log. */
  readonly log: readonly string[];
}

export type Activation =
  | (Ending & { readonly class: "succeeded" | "unchanged" | "removed" })
  | (Ending & {
      readonly class: "failed";
      readonly code: ActivationCode;
      readonly hint: string;
      /** The work may have gone on without us: `resumeActivation` on a new connection tells how it ended. */
      readonly resumable: boolean;
      /** Trying again from the start may help. */
      readonly transient: boolean;
    });

export interface Evidence {
  readonly agent?: AgentFacts | undefined;
  readonly packageSha256?: string | undefined;
  /** For a removal. */
  readonly packageGone?: boolean | undefined;
  readonly serviceGone?: boolean | undefined;
  readonly directoriesLeft?: readonly string[] | undefined;
}
