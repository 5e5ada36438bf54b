import { spawn } from "node:child_process";
import { createInterface } from "node:readline";
import type { Readable } from "node:stream";

/** A program to run to its end. `stdin` is always empty. */
export type Command = {
  readonly program: string;
  readonly args: readonly string[];
  readonly cwd?: string;
  readonly env?: NodeJS.ProcessEnv;
  /** After this the program and everything it started are killed. Default: no limit. */
  readonly timeoutMs?: number;
  /** Sees each line of stdout and stderr as it comes. */
  readonly onLine?: (line: string) => void;
};

/** How a program ended. `exitCode` is null where it was killed or never started; then `failure` says why. */
export type Ended = {
  readonly exitCode: number | null;
  readonly stdout: string;
  /** stdout and stderr in the order in which their lines came. */
  readonly output: string;
  readonly failure?: string;
};

/** Runs a program and says how it ended. Never rejects: a program that cannot start is an ending too. */
export function run(command: Command): Promise<Ended> {
  return new Promise((resolve) => {
    const limited = command.timeoutMs !== undefined;
    const child = spawn(command.program, command.args, {
      cwd: command.cwd,
      env: command.env ?? process.env,
      stdio: ["ignore", "pipe", "pipe"],
      // Only a group of its own can be killed whole; without a limit it stays in ours, for Ctrl-C to reach it.
      detached: limited,
    });
    const stdout: string[] = [];
    const output: string[] = [];
    let failure: string | undefined;

    const timer = limited
      ? setTimeout(() => {
          failure = `took longer than ${command.timeoutMs} ms`;
          killGroup(child.pid);
        }, command.timeoutMs)
      : undefined;

    const collect = (stream: Readable, into: readonly string[][]) =>
      createInterface({ input: stream }).on("line", (line) => {
        for (const lines of into) lines.push(line);
        command.onLine?.(line);
      });
    collect(child.stdout, [stdout, output]);
    collect(child.stderr, [output]);

    child.on("error", (error) => {
      failure = error.message;
      if (child.pid === undefined) finish(null);
    });
    child.on("close", (exitCode, signal) => {
      if (signal !== null) failure ??= `was ended by ${signal}`;
      finish(exitCode);
    });

    function finish(exitCode: number | null): void {
      clearTimeout(timer);
      resolve({
        exitCode,
        stdout: stdout.join("\n"),
        output: output.join("\n"),
        ...(failure === undefined ? {} : { failure }),
      });
    }
  });
}

/**
 * Runs a program that must succeed and gives its stdout.
 * @throws Error that shows the command line, how it ended and the last 40 lines it wrote.
 */
export async function runOrThrow(command: Command): Promise<string> {
  const ended = await run(command);
  if (ended.exitCode === 0) return ended.stdout;
  throw new Error(`${describe(command)} ${endingOf(ended)}\n${lastLines(ended.output, 40)}`.trimEnd());
}

/** `exit code 2`, or why there is none. */
export function endingOf(ended: Ended): string {
  return ended.failure ?? `ended with exit code ${ended.exitCode}`;
}

/** The last lines of a long text. */
export function lastLines(text: string, count: number): string {
  return text.trimEnd().split("\n").slice(-count).join("\n");
}

function describe(command: Command): string {
  return [command.program, ...command.args].join(" ");
}

function killGroup(pid: number | undefined): void {
  if (pid === undefined) return;
  try {
    process.kill(-pid, "SIGKILL");
  } catch (error) {
    if (!(error instanceof Error && "code" in error && error.code === "ESRCH")) throw error;
  }
}
