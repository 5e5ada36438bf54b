import { createHash } from "node:crypto";
import { sameVersion } from "../../agent/versions.ts";
import { TASK_PAYLOADS } from "../operations/task-types.ts";
import type { UpdatePolicy, updatePolicyOperations } from "../operations/update-policy.ts";
import { shareOfCount } from "../updates/rollout-steps.ts";
import type { LoadedPackage } from "../updates/wanted-version.ts";
import { applianceRow, throughputOf } from "./appliance-settings.ts";
import type { HandlersOf } from "./handlers.ts";
import { packagesOf } from "./loaded-packages.ts";
import { build } from "./query.ts";
import { taskHandlers } from "./tasks.ts";
import { recordChanges, type Transaction } from "./transaction.ts";
import { beginAttempt, callBack, failuresSince, settleAttempts, updatesUnderWay } from "./update-attempts.ts";
import { evaluate, rolloutNow } from "./update-evaluation.ts";
import type { PolicyMachine } from "./update-machines.ts";
import { effectiveOf, type PolicyRow, presentPolicies, storedGiven, writePolicy } from "./update-policy-rows.ts";

type Handlers = HandlersOf<typeof updatePolicyOperations>;

/** How long a new agent may take to be welcomed before the old one is restored. */
const CONFIRM_SECONDS = 180;

/** How long an update waits for its agent: when it comes later, it is judged anew whether it may still begin. */
const QUEUED_SECONDS = 3_600;

export const getUpdateRevision: Handlers["getUpdateRevision"] = (tx) => {
  const open = tx.queries.all(
    build
      .selectFrom("update_attempts")
      .leftJoin("tasks", "tasks.id", "update_attempts.task_id")
      .select(["update_attempts.kuid", "tasks.state", "tasks.sent_at"])
      .where("update_attempts.state", "=", "under-way")
      .orderBy("update_attempts.kuid"),
  );
  const enabled = presentPolicies(tx).filter((row) => effectiveOf(storedGiven(row)).enabled);
  if (open.length === 0 && enabled.length === 0) return {};
  const bundles = tx.queries.all(build.selectFrom("bundles").select(["id", "updated_at", "loaded_at"]).orderBy("id"));
  const said = [open, bundles, enabled.map(({ organization, revision }) => [organization, revision])];
  return { revision: createHash("sha256").update(JSON.stringify(said)).digest("hex") };
};

export const stepUpdates: Handlers["stepUpdates"] = (tx) => {
  const organizations = tx.queries.all(build.selectFrom("organizations").select("name").orderBy("name"));
  const failed = organizations.map(({ name }) => settle(tx, name)).reduce((sum, count) => sum + count, 0);
  const held: { organization: string; reason: string }[] = [];
  let room = throughputOf(applianceRow(tx)) - updatesUnderWay(tx);
  let queued = 0;
  for (const row of presentPolicies(tx)) {
    const own: Transaction = { ...tx, named: row.organization };
    const policy = effectiveOf(storedGiven(row));
    if (!policy.enabled) continue;
    const rolling = beginRollout(own, row, policy);
    const step = stepPolicy(own, rolling, policy, room);
    if (step.held !== undefined) held.push({ organization: row.organization, reason: step.held });
    queued += step.queued;
    room -= step.queued - step.calledBack;
  }
  return { queued, failed, held };
};

function settle(tx: Transaction, organization: string): number {
  const failures = settleAttempts(tx, organization, (kuid) => agentVersionOf(tx, kuid));
  for (const { kuid, version, reason } of failures)
    recordChanges({ ...tx, named: organization }, { subject: `device:${kuid}`, subjectName: kuid }, [
      { property: "agent update failed", from: null, to: `${version}: ${reason}` },
    ]);
  return failures.length;
}

function agentVersionOf(tx: Transaction, kuid: string): string | undefined {
  const query = build
    .selectFrom("devices")
    .select((eb) => eb.fn<string | null>("json_extract", ["agent", eb.val("$.agentVersion")]).as("version"))
    .where("kuid", "=", kuid);
  return tx.queries.first(query)?.version ?? undefined;
}

/** Another rollout begins where other packages are the ones that the policy wants; failures of the one before are over. */
function beginRollout(tx: Transaction, row: PolicyRow, policy: UpdatePolicy): PolicyRow {
  const rollout = rolloutNow(tx, row, policy);
  if (rollout.generation === row.generation) return row;
  const next = { ...row, ...rollout, revision: row.revision + 1, held_at: null, held_reason: null, updated_at: tx.now };
  writePolicy(tx, next);
  record(tx, next, [
    { property: "rollout", from: row.generation, to: next.generation },
    { property: "heldBecause", from: row.held_reason, to: null },
  ]);
  return next;
}

function record(tx: Transaction, { organization }: PolicyRow, changes: Parameters<typeof recordChanges>[2]): void {
  const subject = { subject: `update-policy:${organization}`, subjectName: organization };
  recordChanges(
    tx,
    subject,
    changes.filter(({ from, to }) => from !== to),
  );
}

function stepPolicy(tx: Transaction, row: PolicyRow, policy: UpdatePolicy, room: number) {
  const { organization, generation } = row;
  const first = evaluate(tx, row, policy, row);
  const meant = first.judged.length;
  const failures = failuresSince(tx, { organization, generation, sinceMs: row.counting_since });
  const bound = shareOfCount(policy.maxFailures, meant);
  const held = row.held_at === null && failures > bound ? whyHeld(failures, policy, meant) : undefined;
  const now = held === undefined ? row : putOnHold(tx, row, held);
  const { judged, fleet } = held === undefined ? first : evaluate(tx, now, policy, now);
  const wanted = judged.flatMap(({ machine, verdict }) =>
    verdict.kind === "update" ? [{ machine, next: verdict.package }] : [],
  );
  const stillWanted = new Map(wanted.map(({ machine, next }) => [machine.kuid, next.version]));
  // Also of machines that the policy is not for any more.
  const unwanted = fleet.machines.flatMap(({ kuid, queued }) =>
    queued === undefined || stillWanted.get(kuid) === queued.version ? [] : [{ kuid, taskId: queued.taskId }],
  );
  for (const { kuid, taskId } of unwanted) callBack(tx, kuid, taskId);
  const fresh = wanted.filter(({ machine, next }) => machine.queued?.version !== next.version);
  const chosen = fresh.slice(0, Math.max(0, room + unwanted.length));
  queue(tx, now, chosen);
  return { held, queued: chosen.length, calledBack: unwanted.length };
}

function whyHeld(failures: number, { maxFailures }: UpdatePolicy, meant: number): string {
  return `${failures} ${failures === 1 ? "update" : "updates"} failed, and ${maxFailures} of ${meant} machines may`;
}

function putOnHold(tx: Transaction, row: PolicyRow, reason: string): PolicyRow {
  const next = { ...row, held_at: tx.now, held_reason: reason, revision: row.revision + 1, updated_at: tx.now };
  writePolicy(tx, next);
  record(tx, next, [{ property: "heldBecause", from: null, to: reason }]);
  return next;
}

interface Wanted {
  readonly machine: PolicyMachine;
  readonly next: LoadedPackage;
}

/** Machines that get the same packages share one order. */
function queue(tx: Transaction, { organization, generation }: PolicyRow, wanted: readonly Wanted[]): void {
  if (wanted.length === 0) return;
  const all = packagesOf(tx, organization, "all");
  const orders = new Map<string, { readonly payload: Record<string, unknown>; readonly of: Wanted[] }>();
  for (const one of wanted) {
    const payload = payloadOf(one, all);
    const key = JSON.stringify(payload);
    const order = orders.get(key) ?? { payload, of: [] };
    order.of.push(one);
    orders.set(key, order);
  }
  for (const { payload, of } of orders.values()) {
    const { tasks } = taskHandlers.queueTasks(tx, {
      organization,
      kuids: of.map(({ machine }) => machine.kuid),
      type: "self-update",
      payload,
      sourceId: `update-policy:${organization}:${generation}`,
      expiresInSeconds: QUEUED_SECONDS,
    });
    const version = of[0]?.next.version ?? "";
    for (const { id, kuid } of tasks) beginAttempt(tx, { kuid, organization, generation, version, task_id: id });
  }
}

/** What an agent is told: the package, and the one of the version it has, in case it kept none to go back to. */
function payloadOf({ machine, next }: Wanted, all: readonly LoadedPackage[]): Record<string, unknown> {
  const rollback = all.find(
    (one) =>
      one.flavour === next.flavour &&
      one.format === next.format &&
      (one.architecture === "all" || one.architecture === next.architecture) &&
      sameVersion(one.version, machine.agentVersion),
  );
  return TASK_PAYLOADS["self-update"].parse({
    ...onWire(next),
    confirmSeconds: CONFIRM_SECONDS,
    ...(rollback !== undefined && { rollback: onWire(rollback) }),
  });
}

function onWire({ version, sha256, sizeBytes, format, fileName }: LoadedPackage) {
  // Agents name a file by it: what a name may not have there is replaced.
  const safe = fileName.replaceAll(/[^\w.+~-]/g, "_").replace(/^[^\w]/, "_");
  return { version, sha256, sizeBytes, format, fileName: safe.slice(-200) };
}
