import { type Ended, type Machine, MachineError, type ScriptRequest } from "../machines/machine.ts";
import type { Activation, ActivationRequest } from "./activation.ts";
import { brokenEnding, type Heard, plainFailure, toldEnding, withoutSecret } from "./ending.ts";
import { MarkedLines } from "./lines.ts";

/** Runs a script as root and turns all that can become of it into an activation. */
export async function told(
  machine: Machine,
  request: ActivationRequest,
  about: Pick<Heard, "action" | "package">,
  script: Pick<ScriptRequest, "script" | "variables" | "payload" | "timeoutMs">,
): Promise<Activation> {
  const heard: Heard = { ...about, request, lines: new MarkedLines() };
  try {
    const ended = await machine.runScript({
      ...script,
      privileged: true,
      signal: request.signal,
      onLine: (line, stream) => {
        if (stream === "stdout") hear(line, heard);
      },
    });
    return toldEnding(heard) ?? silentEnding(ended, heard);
  } catch (error) {
    if (!(error instanceof MachineError)) throw error;
    // The connection may have broken after the last word.
    return toldEnding(heard) ?? brokenEnding(heard, error);
  }
}

function hear(line: string, { lines, request }: Heard): void {
  const before = lines.all("log").length;
  lines.take(line);
  const log = lines.all("log");
  const latest = log.at(-1);
  if (log.length > before && latest !== undefined) request.onLog?.(withoutSecret(latest, request));
}

/** The script ended without a word about it: something on the machine ended it. */
function silentEnding(ended: Ended, heard: Heard): Activation {
  const how =
    ended.exitCode === undefined ? `by signal ${ended.exitSignal ?? "unknown"}` : `with exit code ${ended.exitCode}`;
  const said = ended.stderr.trim().split("\n").at(-1) ?? "";
  const message = `the script on the machine was ended ${how}${said === "" ? "" : `: ${said}`}`;
  return plainFailure("lost", withoutSecret(message, heard.request), { resumable: true });
}
