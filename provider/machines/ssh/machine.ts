import { randomBytes } from "node:crypto";
import type { Duplex } from "node:stream";
import { setTimeout as after } from "node:timers/promises";
import type { Client } from "ssh2";
import type { Become, ByteSource, Ended, HostKey, Machine, PutOptions, ScriptRequest } from "../machine.ts";
import { MachineError } from "../machine.ts";
import { readerCommand } from "../posix/command.ts";
import { envelope } from "../posix/envelope.ts";
import { POSIX_SCRIPTS } from "../posix/scripts.ts";
import { promptingOf } from "./privilege.ts";
import { type ReaderInput, type Running, runReader } from "./run.ts";
import { Slots } from "./slots.ts";

/** What a machine is made of. */
export interface SshMachineParts {
  readonly client: Client;
  /** What `client` sends its bytes through. */
  readonly transport: Duplex;
  readonly address: string;
  readonly username: string;
  readonly hostKey: HostKey;
  readonly become: Become;
  readonly commandTimeoutMs: number;
  readonly outputLimitBytes: number;
  /** Ends the connection and those of the jump hosts. */
  readonly end: () => Promise<void>;
}

/** sshd allows 10 sessions a connection by default; a script that has ended may hold its own a moment longer. */
const SIDE_BY_SIDE = 4;
/** How long a script that is to be ended may take to say which process it is. */
const BEGIN_GRACE_MS = 2_000;
/** How long the end of a script that ran out of time may take. */
const END_TIMEOUT_MS = 10_000;

/** A POSIX machine over SSH. */
export class SshMachine implements Machine {
  readonly dialect = "posix";
  private readonly parts: SshMachineParts;
  private readonly slots = new Slots(SIDE_BY_SIDE);
  private isClosed = false;

  constructor(parts: SshMachineParts) {
    this.parts = parts;
  }

  get address(): string {
    return this.parts.address;
  }

  get hostKey(): HostKey {
    return this.parts.hostKey;
  }

  async runScript(request: ScriptRequest): Promise<Ended> {
    const timeoutMs = request.timeoutMs ?? this.parts.commandTimeoutMs;
    const input = this.inputOf(request);
    const cancelled = () => cancelledError(request.signal?.reason);
    if (request.signal?.aborted === true) throw cancelled();
    return this.slots.use(async () => {
      if (request.signal?.aborted === true) throw cancelled();
      if (this.isClosed) throw closedError();
      return this.watch(runReader(this.parts, input), request, timeoutMs, cancelled);
    });
  }

  async put(source: ByteSource, path: string, options: PutOptions = {}): Promise<void> {
    if (!path.startsWith("/")) throw new TypeError(`a file is put at an absolute path, not at ${JSON.stringify(path)}`);
    const ended = await this.runScript({
      script: POSIX_SCRIPTS.put,
      variables: {
        DEST: path,
        SHA256: source.sha256,
        MODE: (options.mode ?? 0o600).toString(8),
        NONCE: nonce(),
      },
      payload: source,
      privileged: options.privileged ?? false,
      signal: options.signal,
    });
    if (ended.exitCode === 0) return;
    const said = ended.stderr.trim().split("\n").at(-1) ?? "";
    if (ended.exitCode === 11) {
      throw new MachineError({
        code: "checksum-mismatch",
        message: `what arrived at ${path} has the SHA-256 ${said}, not ${source.sha256}`,
        hint: "the file changed here while it was sent, or on its way; nothing was put in its place",
      });
    }
    throw new MachineError({
      code: "upload-failed",
      message:
        ended.exitCode === 12
          ? "the machine has none of sha256sum, shasum and openssl"
          : `${path} could not be written${said === "" ? "" : `: ${said}`}`,
    });
  }

  async close(): Promise<void> {
    if (this.isClosed) return;
    this.isClosed = true;
    await this.parts.end();
  }

  private inputOf(request: ScriptRequest): ReaderInput {
    const { become, username } = this.parts;
    const privileged = request.privileged === true && username !== "root";
    const mark = nonce();
    return {
      command: readerCommand(privileged, become),
      password: become.method === "none" ? undefined : become.password,
      prompting: promptingOf(privileged, become),
      nonce: mark,
      envelope: envelope(request.script, request.variables ?? {}, mark),
      payload: request.payload,
      outputLimitBytes: this.parts.outputLimitBytes,
      onLine: request.onLine,
    };
  }

  /** Waits for the end of a script, and ends it where it takes too long or nobody wants it any more. */
  private async watch(
    running: Running,
    request: ScriptRequest,
    timeoutMs: number,
    cancelled: () => MachineError,
  ): Promise<Ended> {
    let isStopping = false;
    const stop = (reason: MachineError) => {
      if (isStopping) return;
      isStopping = true;
      void this.endBegun(running, request.privileged === true).finally(() => running.abandon(reason));
    };
    const timer = setTimeout(() => {
      stop(timeoutError(timeoutMs));
    }, timeoutMs);
    const abort = () => stop(cancelled());
    request.signal?.addEventListener("abort", abort, { once: true });
    try {
      const ended = await running.ended;
      // The script was ended because of the time-out or the cancellation: its exit code would look like its own.
      if (!isStopping) return ended;
      throw request.signal?.aborted === true ? cancelled() : timeoutError(timeoutMs);
    } finally {
      clearTimeout(timer);
      request.signal?.removeEventListener("abort", abort);
    }
  }

  /** A script that has just begun may not have said so yet; one that never does is left. */
  private async endBegun(running: Running, privileged: boolean): Promise<void> {
    const pid = await Promise.race([running.begun, after(BEGIN_GRACE_MS, undefined, { ref: false })]);
    if (pid !== undefined) await this.end(pid, privileged);
  }

  /** Ends what a reader started. That it fails changes nothing for the caller, who hears of the time-out anyway. */
  private async end(pid: number, privileged: boolean): Promise<void> {
    const running = runReader(
      this.parts,
      this.inputOf({ script: POSIX_SCRIPTS.end, variables: { PID: String(pid) }, privileged }),
    );
    const timer = setTimeout(() => running.abandon(timeoutError(END_TIMEOUT_MS)), END_TIMEOUT_MS);
    await running.ended.then(
      () => clearTimeout(timer),
      () => clearTimeout(timer),
    );
  }
}

function nonce(): string {
  return randomBytes(8).toString("hex");
}

function timeoutError(timeoutMs: number): MachineError {
  return new MachineError({
    code: "command-timeout",
    message: `a command took longer than ${timeoutMs / 1000} s and was ended`,
  });
}

/** A reason that already is an error of ours is kept. */
export function cancelledError(reason: unknown): MachineError {
  if (reason instanceof MachineError) return reason;
  return new MachineError({ code: "cancelled", message: "it was cancelled", cause: reason });
}

function closedError(): MachineError {
  return new MachineError({ code: "cancelled", message: "the connection was closed here" });
}
