import { spawn } from "node:child_process";
import { LabError } from "./error.ts";

/** How a command ended. `exitCode` is 128 and the signal's number where a signal ended it, as a shell says it. */
export interface ExecResult {
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
}

export interface ExecOptions {
  /** What the command reads; nothing by default. */
  readonly stdin?: string | Uint8Array;
  /** After this it is killed with all it started, and an error thrown. Default: two minutes. */
  readonly timeoutMs?: number;
  /** The environment; the caller's own by default. */
  readonly env?: NodeJS.ProcessEnv;
  /** Sees each piece of the output as it comes. */
  readonly onOutput?: (piece: string) => void;
}

const DEFAULT_TIMEOUT_MS = 120_000;

/**
 * Runs a command to its end; an exit code other than 0 is an answer.
 * @throws LabError where it cannot be started or takes too long
 */
export function execute(argv: readonly string[], options: ExecOptions = {}): Promise<ExecResult> {
  const [program = "", ...args] = argv;
  const timeoutMs = options.timeoutMs ?? DEFAULT_TIMEOUT_MS;
  return new Promise((resolve, reject) => {
    // A group of its own can be killed whole.
    const child = spawn(program, args, { stdio: "pipe", detached: true, env: options.env ?? process.env });
    const stdout: Buffer[] = [];
    const stderr: Buffer[] = [];
    let late = false;
    const timer = setTimeout(() => {
      late = true;
      if (child.pid !== undefined) process.kill(-child.pid, "SIGKILL");
    }, timeoutMs);
    for (const [stream, into] of [
      [child.stdout, stdout],
      [child.stderr, stderr],
    ] as const) {
      stream.on("data", (piece: Buffer) => {
        into.push(piece);
        options.onOutput?.(piece.toString("utf8"));
      });
    }
    // A command that ends without reading what it is given closes the pipe: its exit code tells the story.
    child.stdin.on("error", () => undefined);
    child.stdin.end(options.stdin ?? "");
    child.on("error", (cause) => {
      clearTimeout(timer);
      reject(new LabError(`cannot run ${program}: ${cause.message}`, { cause }));
    });
    child.on("close", (exitCode, signal) => {
      clearTimeout(timer);
      const result = {
        stdout: Buffer.concat(stdout).toString("utf8"),
        stderr: Buffer.concat(stderr).toString("utf8"),
      };
      if (late) {
        const shown = `${result.stdout}${result.stderr}`.trimEnd();
        reject(new LabError(`${argv.join(" ").slice(0, 300)} took longer than ${timeoutMs} ms\n${shown}`));
      } else {
        resolve({ ...result, exitCode: exitCode ?? 128 + signalNumber(signal) });
      }
    });
  });
}

/**
 * Runs a command that must succeed, and gives what it printed.
 * @throws LabError that shows the command and what it said
 */
export async function succeed(argv: readonly string[], options: ExecOptions = {}): Promise<string> {
  const { exitCode, stdout, stderr } = await execute(argv, options);
  if (exitCode === 0) return stdout;
  // The text of a script would hide what went wrong.
  const shown = argv.map((word) => (word.includes("\n") ? "<script>" : word)).join(" ");
  throw new LabError(`${shown} ended with exit code ${exitCode}\n${`${stdout}${stderr}`.trimEnd().slice(-4_000)}`);
}

/** Runs `work` for every item, at most `limit` at once; the first failure is thrown once all that started has ended. */
export async function inParallel<Item>(
  items: readonly Item[],
  limit: number,
  work: (item: Item, index: number) => Promise<void>,
): Promise<void> {
  const queue = items.entries();
  let failed: { readonly error: unknown } | undefined;
  const worker = async (): Promise<void> => {
    for (const [index, item] of queue) {
      if (failed !== undefined) return;
      try {
        await work(item, index);
      } catch (error) {
        failed ??= { error };
      }
    }
  };
  await Promise.all(Array.from({ length: Math.min(limit, items.length) }, worker));
  if (failed !== undefined) throw failed.error;
}

function signalNumber(signal: NodeJS.Signals | null): number {
  return signal === "SIGKILL" ? 9 : signal === "SIGTERM" ? 15 : signal === "SIGINT" ? 2 : 0;
}
