import { type Machine, MachineError } from "../machines/machine.ts";
import type { Activation, ActivationRequest } from "./activation.ts";
import { runVariables } from "./activation-variables.ts";
import { brokenEnding, plainFailure } from "./ending.ts";
import { MarkedLines } from "./lines.ts";
import { probe, probeVariables } from "./look.ts";
import type { Plan } from "./plan.ts";
import { planFor } from "./plan-for.ts";
import { resumeScript } from "./scripts.ts";

/** Reading the result, on a machine that is very busy. */
const SLACK_MS = 120_000;

/** What `resume.sh` is run with, to wait for a run as long as that may take. */
export function resumeRequest(runId: string, request: ActivationRequest) {
  const { desired, timeouts, verify } = request;
  const waitMs = 2 * timeouts.installMs + verify.timeoutMs;
  return {
    script: resumeScript([desired.flavour.script]),
    variables: {
      ...runVariables({ desired, runId }),
      ...probeVariables({ flavours: [desired.flavour], server: desired.server }),
      PK_WAIT_S: String(Math.max(1, Math.ceil(waitMs / 1000))),
    },
    timeoutMs: waitMs + SLACK_MS,
  };
}

/** Waits for a run that an earlier process of this configuration left working, and plans anew for what it made. */
export async function awaitRun(
  machine: Machine,
  runId: string,
  request: ActivationRequest,
): Promise<Plan | Activation> {
  const { desired, signal } = request;
  request.onLog?.("waiting for an earlier run on this machine to end");
  try {
    const ended = await machine.runScript({ ...resumeRequest(runId, request), privileged: true, signal });
    if (MarkedLines.of(ended.stdout).get("resumed") === "waiting") return stillBusy();
    const seen = await probe(machine, {
      flavours: [desired.flavour],
      server: desired.server,
      configurationId: desired.configurationId,
      signal,
    });
    const plan = planFor(seen, desired);
    return plan.action !== "blocked" && plan.awaits !== undefined ? stillBusy() : plan;
  } catch (error) {
    if (!(error instanceof MachineError)) throw error;
    return brokenEnding({ lines: new MarkedLines(), request, action: "none", package: undefined }, error);
  }
}

function stillBusy(): Activation {
  return plainFailure("busy", "an earlier run of this configuration is still working on the machine");
}
