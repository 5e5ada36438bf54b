import { runKace } from "../../provider/cli/program.ts";
import type { ExitCode } from "../../provider/cli/session.ts";

/** How a command ended, and what it said. */
export interface Said {
  readonly exitCode: ExitCode;
  readonly out: string;
  readonly err: string;
}

/** Runs `kace` about the appliance in a folder. */
export async function kaceIn(folder: string, ...args: readonly string[]): Promise<Said> {
  const out: string[] = [];
  const err: string[] = [];
  const terminal = { out: (text: string) => void out.push(text), err: (text: string) => void err.push(text) };
  const world = { terminal, environment: {}, signal: new AbortController().signal };
  const exitCode = await runKace(["--database", folder, ...args], world);
  return { exitCode, out: out.join("\n"), err: err.join("\n") };
}
