/** What carries the bytes of a file to a machine: opened once per attempt, from its beginning. */
export interface ByteSource {
  readonly sizeBytes: number;
  /** Lower-case hexadecimal. */
  readonly sha256: string;
  open(): AsyncIterable<Uint8Array>;
}

/** How commands become root: not at all, or by `sudo` or `su`, with a password that only ever travels on stdin. */
export type Become =
  | { readonly method: "none" }
  | { readonly method: "sudo" | "su"; readonly password?: string | undefined };

/** A script and what it is run with. The text of a script is ours; whatever a user or a machine said is in `variables`. */
export interface ScriptRequest {
  /** Shell text in the dialect of the machine. It may read `payload` from its stdin. */
  readonly script: string;
  /** Set as variables of the script; they travel on stdin, never on a command line. Names match `[A-Z][A-Z0-9_]*`. */
  readonly variables?: Readonly<Record<string, string>>;
  /** What the script finds on its stdin: bytes of a package. Absent: an empty stdin. */
  readonly payload?: ByteSource | undefined;
  /** Run as root where the log-in is not root already. Default false. */
  readonly privileged?: boolean;
  /** From its start to its end. Default: the machine's own command time-out. */
  readonly timeoutMs?: number;
  readonly signal?: AbortSignal | undefined;
  /** Sees the output as it comes, decoded safely, in whole lines. */
  readonly onLine?: ((line: string, stream: "stdout" | "stderr") => void) | undefined;
}

/** How a command or script ended. Output is decoded as UTF-8 with replacement marks, and cut in its middle at the limit. */
export interface Ended {
  /** Absent if a signal ended it. */
  readonly exitCode: number | undefined;
  readonly exitSignal?: string | undefined;
  readonly stdout: string;
  readonly stderr: string;
  /** True if output beyond the limit was dropped. */
  readonly truncated: boolean;
}

/** Why a machine could not be reached or driven. Stable words: they are part of `docs/outcomes.md`. */
export type MachineErrorCode =
  | "dns-failed"
  | "port-closed"
  | "port-filtered"
  | "connect-timeout"
  | "host-key-changed"
  | "host-key-unknown"
  | "auth-failed"
  | "no-privilege"
  | "sudo-password"
  | "upload-failed"
  | "checksum-mismatch"
  | "command-timeout"
  | "lost"
  | "cancelled";

/** The one error of this room: a code, a sentence, what to do about it, and whether trying again may help. */
export class MachineError extends Error {
  readonly code: MachineErrorCode;
  readonly hint: string | undefined;
  /** True for faults of the transport only: never for a rejected password or a host key. */
  readonly transient: boolean;

  constructor(detail: {
    readonly code: MachineErrorCode;
    readonly message: string;
    readonly hint?: string | undefined;
    readonly transient?: boolean;
    readonly cause?: unknown;
  }) {
    super(detail.message, detail.cause === undefined ? undefined : { cause: detail.cause });
    this.name = "MachineError";
    this.code = detail.code;
    this.hint = detail.hint;
    this.transient = detail.transient ?? false;
  }
}

/** The host key that a machine showed, as known_hosts writes it. */
export interface HostKey {
  /** `ssh-ed25519`, for one. */
  readonly type: string;
  /** Base64 of the key. */
  readonly key: string;
  /** `SHA256:` and base64 without padding, as OpenSSH prints it. */
  readonly fingerprint: string;
}

/**
 * A machine that is connected and logged in to; whatever the transport, it is driven through this. One connection
 * serves all calls, one after the other or side by side.
 */
export interface Machine {
  /** Where it was reached: `web01:22`. */
  readonly address: string;
  readonly dialect: "posix";
  /** What identified it; absent on transports without host keys. */
  readonly hostKey?: HostKey | undefined;
  /**
   * Runs a script and waits for its end; an exit code other than 0 is an answer, not an error.
   * @throws MachineError `no-privilege` or `sudo-password` where `privileged` cannot be had, `command-timeout`,
   *   `cancelled`, and `lost` where the connection broke: whether the script ran on is not known then
   */
  runScript(request: ScriptRequest): Promise<Ended>;
  /**
   * Puts a file, whole or not at all: written beside its place, hashed there, then renamed.
   * @throws MachineError `upload-failed`, `checksum-mismatch`, and those of {@link runScript}
   */
  put(source: ByteSource, path: string, options?: PutOptions): Promise<void>;
  /** Ends the connection. May be called twice. */
  close(): Promise<void>;
}

export interface PutOptions {
  /** Octal permission bits, such as `0o600` (the default). */
  readonly mode?: number;
  readonly privileged?: boolean;
  readonly signal?: AbortSignal | undefined;
}
