import * as z from "zod";
import { deviceOperations } from "../operations/devices.ts";
import type { UpdatePolicy } from "../operations/update-policy.ts";
import type { Attempt, EvaluatedMachine } from "../updates/evaluate.ts";
import { columnReader } from "./column-reader.ts";
import { isConnected } from "./connections.ts";
import { LabelMemberships } from "./label-membership.ts";
import { build } from "./query.ts";
import { replacedIn } from "./replaced.ts";
import { runningInstance } from "./server.ts";
import type { Transaction } from "./transaction.ts";
import { attemptsOf } from "./update-attempts.ts";

/** A machine as a policy of its organization sees it. */
export interface PolicyMachine extends EvaluatedMachine {
  readonly hostname: string;
  /** An update that was queued for it and that its agent has not heard of: it can be called back. */
  readonly queued: { readonly taskId: string; readonly version: string } | undefined;
}

/** The machines of an organization, and what a policy says of them. */
export interface PolicyFleet {
  /** The approved devices that none has replaced, by KUID. */
  readonly machines: readonly PolicyMachine[];
  /** What the policy names and no approved device is called. */
  readonly pending: readonly string[];
  /** How many the policy means because they are listed, one by one. */
  readonly listed: number;
}

const agent = deviceOperations.enrolDevice.input.pick({ agentVersion: true, flavour: true, os: true });

const abilities = z.array(z.string()).transform((all) => ({ canUpdate: all.includes("self-update") }));

/** @param policy with the ids of labels @param generation the present rollout's */
export function fleetOf(
  tx: Transaction,
  organization: string,
  { policy, generation }: { readonly policy: UpdatePolicy; readonly generation: number },
): PolicyFleet {
  const { isMeant, pending, listed } = selectionOf(tx, organization, policy);
  const attempts = attemptsOf(tx, organization, generation);
  const instance = runningInstance(tx);
  const rows = tx.queries.all(
    build
      .selectFrom("devices")
      .select(["kuid", "hostname", "agent", "abilities", "instance_id", "connected_since"])
      .select(["inventory_at", "enrolled_at"])
      .where("organization", "=", organization)
      .where("state", "=", "approved")
      .orderBy("kuid"),
  );
  const agentOf = columnReader(agent);
  const abilitiesOf = columnReader(abilities);
  const replaced = replacedIn(tx, organization);
  const present = rows.filter(({ kuid }) => !replaced.has(kuid));
  const machines = present.map((row): PolicyMachine => {
    const what = `device ${row.kuid}`;
    const connected = isConnected(row, instance);
    const { agentVersion, flavour, os } = agentOf(row.agent, what);
    const found = attempts.of(row.kuid, agentVersion);
    const attempt: Attempt | undefined = found === undefined || found.state === "queued" ? undefined : found;
    return {
      kuid: row.kuid,
      hostname: row.hostname,
      agentVersion,
      flavour,
      os,
      connected,
      connectedSinceMs: connected ? (row.connected_since ?? undefined) : undefined,
      inventoryAtMs: row.inventory_at ?? undefined,
      enrolledAtMs: row.enrolled_at,
      isMeant: isMeant(row.kuid),
      canUpdate: abilitiesOf(row.abilities, what).canUpdate,
      attempt,
      queued: found?.state === "queued" ? found : undefined,
    };
  });
  return { machines, pending, listed };
}

function selectionOf(tx: Transaction, organization: string, policy: UpdatePolicy) {
  if (policy.allMachines) return { isMeant: () => true, pending: [], listed: 0 };
  const { labels, machines, filter } = policy;
  if (labels.length === 0 && machines.length === 0 && filter === undefined)
    return { isMeant: () => false, pending: [], listed: 0 };
  const memberships = new LabelMemberships(tx, organization);
  const named = memberships.listed(machines);
  const meant = [
    ...named.members,
    ...labels.flatMap((id) => memberships.of(id).members),
    ...(filter === undefined ? [] : memberships.matching(filter)),
  ];
  const kuids = new Set(meant);
  return { isMeant: (kuid: string) => kuids.has(kuid), pending: named.pending, listed: named.members.length };
}
