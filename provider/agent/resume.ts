import { type Machine, MachineError } from "../machines/machine.ts";
import { activate } from "./activate.ts";
import type { Activation, ActivationRequest } from "./activation.ts";
import { resumeRequest } from "./await-run.ts";
import { brokenEnding, type Heard, looked, plainFailure, toldEnding } from "./ending.ts";
import { MarkedLines } from "./lines.ts";
import type { Plan } from "./plan.ts";
import { planFor } from "./plan-for.ts";
import type { Probe } from "./probe.ts";

/**
 * On a new connection: how an activation ended whose connection broke. Its worker on the machine went on by itself;
 * this waits for it. Where it is gone without a word (the machine restarted, or it never began), the machine itself
 * says how far things got.
 * @param request the one that `activate` had, with the same `runId`
 * @example if (ended.class === "failed" && ended.resumable) ended = await resumeActivation(again, plan, request);
 */
export async function resumeActivation(machine: Machine, plan: Plan, request: ActivationRequest): Promise<Activation> {
  if (plan.action === "blocked") return activate(machine, plan, request);
  const last = "steps" in plan ? plan.steps?.at(-1) : undefined;
  const heard: Heard = { lines: new MarkedLines(), request, action: plan.action, package: last };
  try {
    await machine.runScript({
      ...resumeRequest(request.runId, request),
      privileged: true,
      signal: request.signal,
      onLine: (line, stream) => {
        if (stream === "stdout") heard.lines.take(line);
      },
    });
  } catch (error) {
    if (!(error instanceof MachineError)) throw error;
    return toldEnding(heard) ?? { ...brokenEnding(heard, error), ...{ resumable: error.code === "lost" } };
  }
  const seen = looked(heard);
  const ending = toldEnding(heard);
  if (ending !== undefined && ending.class === "failed") return ending;
  if (seen === undefined) {
    return plainFailure("lost", "the work on the machine did not end in time", { resumable: true });
  }
  // A version on the way is not the end of it.
  const next = planFor(seen, request.desired);
  if (ending !== undefined && (plan.action === "remove" || next.action === "none" || next.action === "blocked"))
    return ending;
  if (ending !== undefined) return activate(machine, next, request);
  return judged(seen, next, heard);
}

/** Nobody is left to ask: what the machine is like decides. */
function judged(seen: Probe, next: Plan, { action, package: wanted }: Heard): Activation {
  if (next.action === "none" && !next.adopts) {
    const removed = action === "remove";
    return {
      class: removed ? "removed" : "succeeded",
      message: removed ? "the agent is gone" : "the work had ended well before the connection broke",
      evidence: { agent: seen.agents[0], packageSha256: removed ? undefined : wanted?.sha256 },
      probeAfter: seen,
      log: [],
    };
  }
  if (next.action === "blocked") return plainFailure(next.code, next.reason, { hint: next.hint, probe: seen });
  return plainFailure("lost", `the work on the machine broke off; still to do: ${next.action} (${next.reason})`, {
    transient: true,
    probe: seen,
  });
}
