import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { hermeticEnvironment } from "../../tools/pulumi-cli/environment.ts";
import { obtainPulumi, type Pulumi } from "../../tools/pulumi-cli/obtain.ts";

let obtained: Promise<Pulumi> | undefined;

/** The real Pulumi CLI, got once for all tests of a process. */
export function pulumiCli(): Promise<Pulumi> {
  obtained ??= obtainPulumi();
  return obtained;
}

/** Where a run of the CLI takes place. */
export interface Place {
  /** The folder of the program. */
  readonly folder: string;
  readonly home: string;
  readonly state: string;
  readonly environment: Readonly<Record<string, string>>;
}

/** The variables of a run in a place. */
export async function environmentOf({ home, state, environment }: Place): Promise<Record<string, string>> {
  const { command } = await pulumiCli();
  const all = { ...hermeticEnvironment({ command, home, backend: state }), ...environment };
  return Object.fromEntries(Object.entries(all).filter((entry): entry is [string, string] => entry[1] !== undefined));
}

/** How a run ended; `output` is what a user saw, standard output and standard error in the order of their chunks. */
export interface CliRun {
  readonly exitCode: number | null;
  readonly stdout: string;
  readonly output: string;
}

/** A run of the CLI that is under way. */
export interface CliProcess {
  readonly pid: number;
  readonly ended: Promise<CliRun>;
  /** What it printed so far. */
  output(): string;
  /** What a terminal does when the user presses Ctrl-C: every process in the foreground gets the signal. */
  pressCtrlC(): void;
  /** `kill -9` of the CLI alone. */
  killHard(): void;
}

/** Starts the CLI without a terminal. */
export async function startCli(place: Place, args: readonly string[]): Promise<CliProcess> {
  const { command } = await pulumiCli();
  // Colour is off because there is no terminal; a group of its own because only a group can be sent Ctrl-C.
  const child: ChildProcess = spawn(command, [...args, "--non-interactive"], {
    cwd: place.folder,
    env: await environmentOf(place),
    stdio: ["ignore", "pipe", "pipe"],
    detached: true,
  });
  const { pid } = child;
  if (pid === undefined) {
    const [error] = await once(child, "error");
    throw error;
  }
  let stdout = "";
  let output = "";
  child.stdout?.setEncoding("utf8").on("data", (text: string) => {
    stdout += text;
    output += text;
  });
  child.stderr?.setEncoding("utf8").on("data", (text: string) => (output += text));
  const ended = new Promise<CliRun>((resolve) => {
    child.once("close", (exitCode) => resolve({ exitCode, stdout, output }));
    // After `kill -9` its children hold the pipes open until they notice.
    child.once("exit", (exitCode) => {
      if (exitCode === null) resolve({ exitCode, stdout, output });
    });
  });
  return {
    pid,
    ended,
    output: () => output,
    pressCtrlC: () => void process.kill(-pid, "SIGINT"),
    killHard: () => void process.kill(pid, "SIGKILL"),
  };
}
