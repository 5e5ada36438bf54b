import * as z from "zod";
import { build } from "./query.ts";
import { unsealRunInputs } from "./schedules.ts";
import { fromColumn, type Transaction } from "./transaction.ts";

/** What runs are made of, as far as it names what the appliance has. */
const installing = z.object({
  agent: z.object({ bundle: z.string().optional(), token: z.string().optional() }).optional(),
});

/** What the agents of a configuration are installed from. */
export type Installing = NonNullable<z.output<typeof installing>["agent"]>;

/**
 * The configurations with a schedule whose runs use something, in words for people. Of others the appliance does not
 * keep what they install.
 *
 * @example scheduledUses(tx, "default", ({ bundle }) => bundle === id) // ['configuration "berlin"']
 */
export function scheduledUses(
  tx: Transaction,
  organization: string,
  uses: (agent: Installing) => boolean,
): readonly string[] {
  const scheduled = build
    .selectFrom("configurations")
    .select(["id", "name"])
    .where("organization", "=", organization)
    .where("id", "in", build.selectFrom("schedules").select("configuration_id"))
    .orderBy("name");
  return tx.queries
    .all(scheduled)
    .filter(({ id }) => uses(fromColumn(installing, unsealRunInputs(tx, id), "a scheduled run").agent ?? {}))
    .map(({ name }) => `configuration "${name}"`);
}
