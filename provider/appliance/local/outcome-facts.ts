import type { Selectable } from "kysely";
import type { NewOutcome } from "../operations/outcomes.ts";
import { fixed } from "./fixed-query.ts";
import { build, listed } from "./query.ts";
import type { Tables } from "./tables.ts";
import type { Transaction } from "./transaction.ts";

const machineNumber = fixed(({ configurationId, machine }: { configurationId: string; machine: string }) =>
  build
    .selectFrom("outcome_machines")
    .select("number")
    .where("configuration_id", "=", configurationId)
    .where("machine", "=", machine),
);

/** The number that stands for a machine of a configuration. */
export function machineOf(tx: Transaction, configurationId: string, machine: string): number {
  const known = tx.queries.first(machineNumber({ configurationId, machine }));
  if (known !== undefined) return known.number;
  return tx.queries.run(build.insertInto("outcome_machines").values({ configuration_id: configurationId, machine }))
    .row;
}

type Facts = Omit<Selectable<Tables["outcome_facts"]>, "number">;

const sameFacts = fixed((facts: Facts) =>
  build
    .selectFrom("outcome_facts")
    .select("number")
    .where("machine_number", "=", facts.machine_number)
    .where("target", "=", facts.target)
    .where("name", "is not distinct from", facts.name)
    .where("address", "is not distinct from", facts.address)
    .where("action", "=", facts.action)
    .where("class", "=", facts.class)
    .where("code", "=", facts.code)
    .where("message", "=", facts.message)
    .where("hint", "is not distinct from", facts.hint)
    .where("version", "is not distinct from", facts.version)
    .where("server", "is not distinct from", facts.server)
    .where("platform", "is not distinct from", facts.platform)
    .where("kuid", "is not distinct from", facts.kuid)
    .limit(1),
);

/** The number that stands for what is said of a machine; most runs say what one before has said. */
export function factsOf(tx: Transaction, machine: number, outcome: NewOutcome): number {
  const facts: Facts = {
    machine_number: machine,
    target: outcome.target,
    name: outcome.name ?? null,
    address: outcome.address ?? null,
    action: outcome.action,
    class: outcome.class,
    code: outcome.code,
    message: outcome.message,
    hint: outcome.hint ?? null,
    version: outcome.version ?? null,
    server: outcome.server ?? null,
    platform: outcome.platform ?? null,
    kuid: outcome.kuid ?? null,
  };
  const known = tx.queries.first(sameFacts(facts));
  return known?.number ?? tx.queries.run(build.insertInto("outcome_facts").values(facts)).row;
}

/** Forgets what no run says any more, of these. */
export function forgetFacts(tx: Transaction, numbers: readonly number[]): void {
  tx.queries.run(
    build
      .deleteFrom("outcome_facts")
      .where("number", "in", listed(numbers))
      .where((eb) =>
        eb.not(
          eb.exists(
            eb
              .selectFrom("outcomes")
              .select("outcomes.run_number")
              .whereRef("outcomes.machine_number", "=", "outcome_facts.machine_number")
              .whereRef("outcomes.fact_number", "=", "outcome_facts.number"),
          ),
        ),
      ),
  );
}
