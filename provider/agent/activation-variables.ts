import type { ActivationRequest } from "./activation.ts";
import type { AgentPackage } from "./agent-package.ts";
import { probeVariables } from "./look.ts";
import { neededBytes } from "./obstacle.ts";
import { lockOwner } from "./parse-probe.ts";
import type { Plan } from "./plan.ts";
import { receiptText } from "./receipt.ts";
import { workerScript } from "./scripts.ts";

/** A plan that can be carried out. */
export type WorkPlan = Exclude<Plan, { readonly action: "blocked" }>;

/** One script's worth of a plan: at most one package. */
export interface Step {
  readonly package: AgentPackage | undefined;
  /** False for a version on the way to the wanted one: it is only put in. */
  readonly final: boolean;
}

/** What `activate.sh` reads. PK_CONFIG holds the token: the machine room sends all of them on stdin. */
export function activationVariables(plan: WorkPlan, step: Step, request: ActivationRequest): Record<string, string> {
  const { desired } = request;
  const one = step.package;
  return {
    ...runVariables(request),
    ...probeVariables({ flavours: [desired.flavour], server: desired.server }),
    PK_ACTION: plan.action,
    PK_FORMAT: one?.format ?? "",
    PK_VERSION: one?.version ?? "",
    PK_SHA256: one?.sha256 ?? "",
    PK_SIZE: String(one?.sizeBytes ?? 0),
    PK_NEED_KB: String(Math.ceil(neededBytes(one === undefined ? [] : [one], desired.minimumDiskBytes) / 1024)),
    PK_FINAL: step.final ? "yes" : "no",
    PK_KEEP: request.keepPackage === true ? "yes" : "no",
    PK_PURGE: desired.removeDataDirectory === true ? "yes" : "no",
    PK_RECEIPT: plan.receipt === undefined || !step.final ? "" : receiptText(plan.receipt),
    PK_INSTALL_S: seconds(request.timeouts.installMs),
    PK_VERIFY_S: seconds(request.verify.timeoutMs),
    PK_WAIT_CONNECTED: request.verify.waitForConnection ? "yes" : "no",
    PK_CONFIG: desired.flavour.configuration(desired.server, request.token),
    PK_WORKER: workerScript(desired.flavour.script),
  };
}

/** Who works on the machine: what the lock and the staging directory are named after. */
export function runVariables(request: Pick<ActivationRequest, "desired" | "runId">): Record<string, string> {
  // It is part of a path and of the lock's text.
  if (!/^[A-Za-z0-9][A-Za-z0-9._-]*$/.test(request.runId)) {
    throw new TypeError(`${JSON.stringify(request.runId)} cannot name a run on a machine`);
  }
  return { PK_RUN: request.runId, PK_OWNER: lockOwner(request.desired.configurationId) };
}

function seconds(milliseconds: number): string {
  return String(Math.max(1, Math.ceil(milliseconds / 1000)));
}
