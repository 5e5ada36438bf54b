import type { ExpressionBuilder, ExpressionWrapper } from "kysely";
import type { Tables } from "./tables.ts";

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
