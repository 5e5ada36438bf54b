import type { Selectable } from "kysely";
import * as z from "zod";
import type { MachineFacts } from "../filter/match.ts";
import { testOf } from "../filter/match.ts";
import type { DeviceState } from "../operations/device-words.ts";
import { deviceOperations } from "../operations/devices.ts";
import { quarantineRule, type Verdict } from "../operations/quarantine-words.ts";
import { fixed } from "./fixed-query.ts";
import { build } from "./query.ts";
import { announce } from "./standing.ts";
import type { Tables } from "./tables.ts";
import { changesBetween, fromColumn, recordChanges, type Transaction } from "./transaction.ts";

export type DecisionRow = Selectable<Tables["quarantine_decisions"]>;
type DeviceRow = Selectable<Tables["devices"]>;

/** The state that a verdict gives a device. */
export const STATE_OF: Readonly<Record<Verdict, DeviceState>> = { approve: "approved", block: "blocked" };

const { agentVersion, os, addresses, macs } = deviceOperations.enrolDevice.input.shape;
const agentColumn = z.object({ agentVersion, os });
const helloColumn = z.object({ addresses, macs });

/** What a device says of itself. */
export function factsOfDevice({
  kuid,
  hostname,
  agent,
  hello,
}: Pick<DeviceRow, "kuid" | "hostname" | "agent" | "hello">): MachineFacts {
  const what = `device ${kuid}`;
  return { hostname, ...fromColumn(agentColumn, agent, what), ...fromColumn(helloColumn, hello, what) };
}

const decisionOf = fixed(({ organization, kuid }: { organization: string; kuid: string }) =>
  build
    .selectFrom("quarantine_decisions")
    .selectAll()
    .where("organization", "=", organization)
    .where("kuid", "=", kuid),
);

/** The decision about one device. */
export function decisionAbout(tx: Transaction, organization: string, kuid: string): DecisionRow | undefined {
  return tx.queries.first(decisionOf({ organization, kuid }));
}

/** Keeps that a decision about one device is what gave it its state. */
export function markChanged(tx: Transaction, { id }: DecisionRow): void {
  tx.queries.run(build.updateTable("quarantine_decisions").set({ changed_device: 1 }).where("id", "=", id));
}

/** Which rule is the first to mean a device, and what it says. */
export type Judge = (facts: MachineFacts) => DecisionRow | undefined;

/** The rules of an organization, made ready to be asked: the lowest priority first, then by name. */
export function judgeOf(tx: Transaction, organization: string): Judge {
  const rules = tx.queries
    .all(
      build
        .selectFrom("quarantine_decisions")
        .selectAll()
        .where("organization", "=", organization)
        .where("kuid", "is", null)
        .orderBy("priority")
        .orderBy("name"),
    )
    .map((row) => ({ row, test: testOf(fromColumn(quarantineRule, row.rule ?? "", `decision ${row.id}`)) }));
  return (facts) => rules.find(({ test }) => test(facts, () => false))?.row;
}

/** Gives a device the state that a decision says; false where it has it. */
export function carryOut(tx: Transaction, device: DeviceRow, decision: DecisionRow): boolean {
  const state = STATE_OF[decision.verdict];
  if (device.state === state) return false;
  setStanding(tx, device, state, state === "blocked" ? "blocked" : null, decision.name);
  return true;
}

/** Puts a device back to where it stood before anything was decided about it. */
export function takeBack(tx: Transaction, device: DeviceRow, decision: DecisionRow): void {
  setStanding(tx, device, "quarantined", "no-token", decision.name);
}

function setStanding(
  tx: Transaction,
  { kuid, hostname, state: before }: DeviceRow,
  state: DeviceState,
  reason: "blocked" | "no-token" | null,
  decidedBy: string,
): void {
  tx.queries.run(build.updateTable("devices").set({ state, reason }).where("kuid", "=", kuid));
  announce(tx, { kuid, state, reason: reason ?? undefined });
  recordChanges(tx, { subject: `device:${kuid}`, subjectName: hostname }, [
    ...changesBetween({ state: before }, { state }),
    { property: "decision", from: null, to: decidedBy },
  ]);
}

/**
 * Asks the rules about every device in quarantine, but those that a person has put there: their word outweighs a rule's.
 * @returns how many were decided about
 */
export function judgeQuarantine(tx: Transaction, organization: string): number {
  const judge = judgeOf(tx, organization);
  const waiting = tx.queries.all(
    build
      .selectFrom("devices")
      .selectAll()
      .where("organization", "=", organization)
      .where("state", "=", "quarantined")
      .where((eb) => eb.or([eb("reason", "is", null), eb("reason", "<>", "awaiting-approval")])),
  );
  let decided = 0;
  for (const device of waiting) {
    const decision = judge(factsOfDevice(device));
    if (decision !== undefined && carryOut(tx, device, decision)) decided += 1;
  }
  return decided;
}
