import { diagnose } from "../../rollout/diagnosis.ts";
import type { Finding } from "../../rollout/diagnosis-findings.ts";
import { diagnosisMeans, folderToName, serverToDiagnose } from "../../rollout/diagnosis-means.ts";
import { type Column, printable, tableOf } from "../output.ts";
import { CommandError, type CommandSession, type ExitCode } from "../session.ts";
import { tokenIn } from "../token-file.ts";

const TIMEOUT_MS = 5_000;

const COLUMNS: readonly Column<Finding>[] = [
  ["step", ({ step }) => step],
  ["state", ({ state }) => state],
  ["what was found", ({ message }) => message],
];

/** What a diagnosis is told besides the machine. */
export interface DiagnoseArguments {
  /** The name of the server that the agent should connect to. Default: the appliance's own. */
  readonly server?: string | undefined;
  readonly serverPort?: number | undefined;
  /** The file with the value of the token the agent was given: a value on the command line could be read by others. */
  readonly tokenFile?: string | undefined;
}

/** Names the first thing that keeps a machine from its server. Exit code 3 if there is one. */
export async function diagnoseCommand(
  session: CommandSession,
  machine: string,
  { server: name, serverPort: port, tokenFile }: DiagnoseArguments,
): Promise<ExitCode> {
  const token = tokenFile === undefined ? undefined : await tokenIn(tokenFile);
  const diagnosis = await session.read(async (appliance) => {
    const server = serverToDiagnose({ name, port }, await appliance.serverStatus({}), folderToName(appliance));
    if (server === undefined)
      throw new CommandError(
        "no server ever ran on this appliance, and none is named",
        "give --server, or start the appliance's own by `kace serve`",
      );
    const means = diagnosisMeans(appliance, { timeoutMs: TIMEOUT_MS, signal: session.signal });
    return diagnose({ machine, server, token, timeoutMs: TIMEOUT_MS }, means);
  });
  const { findings, firstWrong } = diagnosis;
  if (session.json) session.terminal.out(JSON.stringify({ machine, ...diagnosis }, undefined, 2));
  else {
    session.terminal.out(tableOf(findings, COLUMNS));
    if (firstWrong !== undefined) {
      session.terminal.out(`\nbegin with: ${printable(firstWrong.message)}`);
      if (firstWrong.hint !== undefined) session.terminal.out(`  ${printable(firstWrong.hint)}`);
    }
    for (const { step, state, hint } of findings)
      if (state === "unknown" && hint !== undefined) session.terminal.out(`\n${step}: ${printable(hint)}`);
  }
  return firstWrong === undefined ? 0 : 3;
}
