import type { ExpressionBuilder, ExpressionWrapper, Selectable } from "kysely";
import type { Tables } from "./tables.ts";

/** As {@link lastSaid} decides, of a row that was read. */
export function hasReportedLast(
  row: Pick<Selectable<Tables["devices"]>, "reported_agent" | "connected_since" | "inventory_at">,
): boolean {
  const { reported_agent: agent, connected_since: since, inventory_at: at } = row;
  return agent !== null && (since === null || (at ?? 0) >= since);
}

type OfDevices = ExpressionBuilder<Tables, "devices">;

/**
 * Of a device what it has said last: with its inventory, or, where it has connected since, with who it said it is then.
 *
 * @example lastSaid(eb, { reported: eb.ref("reported_hostname"), greeted: eb.ref("hostname") }).as("hostname")
 */
export function lastSaid<Value>(
  eb: OfDevices,
  { reported, greeted }: Record<"reported" | "greeted", ExpressionWrapper<Tables, "devices", Value>>,
) {
  const isReported = eb.and([
    eb("reported_agent", "is not", null),
    eb.or([
      eb("connected_since", "is", null),
      eb(eb.fn.coalesce("inventory_at", eb.lit(0)), ">=", eb.ref("connected_since")),
    ]),
  ]);
  return eb.case().when(isReported).then(reported).else(greeted).end();
}
