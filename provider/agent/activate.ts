import type { Machine } from "../machines/machine.ts";
import type { Activation, ActivationRequest } from "./activation.ts";
import { activationVariables, type Step, type WorkPlan } from "./activation-variables.ts";
import { awaitRun } from "./await-run.ts";
import { plainFailure } from "./ending.ts";
import type { Plan } from "./plan.ts";
import { activateScript } from "./scripts.ts";
import { told } from "./told.ts";

const UPLOAD_MS = 600_000;
/** For what the script itself needs, on a machine that is very busy. */
const SLACK_MS = 120_000;

/**
 * Carries a plan out and proves it: lock, staged package with its hash checked on the machine, the installer in a
 * process of its own that outlives the connection, configuration, service, connection, approval, receipt.
 * Each is a fact of the machine afterwards, not the word of an installer.
 * @returns always; what went wrong is its code. With `resumable`, go on by `resumeActivation` on a new connection.
 * @example const ended = await activate(machine, planFor(looked, desired), request);
 */
export async function activate(machine: Machine, plan: Plan, request: ActivationRequest): Promise<Activation> {
  if (plan.action === "blocked") return plainFailure(plan.code, plan.reason, { hint: plan.hint });
  if (plan.awaits !== undefined) {
    const next = await awaitRun(machine, plan.awaits.runId, request);
    if ("class" in next) return next;
    return activate(machine, next, request);
  }
  const steps = stepsOf(plan);
  let last: Activation | undefined;
  for (const [index, one] of steps.entries()) {
    last = await carryOut(machine, plan, { package: one, final: index === steps.length - 1 }, request);
    if (last.class === "failed") return last;
  }
  // Unreachable: there is always one step, if only one without a package.
  return last ?? plainFailure("lost", "there was nothing to do");
}

function stepsOf(plan: WorkPlan): readonly Step["package"][] {
  return "steps" in plan && plan.steps !== undefined ? plan.steps : [undefined];
}

async function carryOut(machine: Machine, plan: WorkPlan, step: Step, request: ActivationRequest): Promise<Activation> {
  const { installMs, uploadMs = UPLOAD_MS } = request.timeouts;
  return told(
    machine,
    request,
    { action: plan.action, package: step.package },
    {
      script: activateScript(),
      variables: activationVariables(plan, step, request),
      ...(step.package === undefined ? {} : { payload: request.source(step.package) }),
      timeoutMs: uploadMs + 3 * installMs + request.verify.timeoutMs + SLACK_MS,
    },
  );
}
