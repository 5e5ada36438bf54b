import type { DeviceStanding } from "../operations/devices.ts";
import { fixed } from "./fixed-query.ts";
import { build } from "./query.ts";
import type { Transaction } from "./transaction.ts";

/** How many changes of standing are kept for servers to catch up with. */
const CHANGES_KEPT = 10_000;

/** So many are forgotten together: one by one that would be a query more for every enrolment. */
const FORGOTTEN_TOGETHER = 100;

const added = fixed(({ kuid, state, reason }: { kuid: string; state: string | null; reason: string | null }) =>
  build.insertInto("device_changes").values({ kuid, state, reason }),
);
const forgotten = fixed(({ sequence }: { sequence: number }) =>
  build.deleteFrom("device_changes").where("sequence", "<=", sequence),
);

/** Tells servers, whichever process they are, that the standing of a device has changed or that it is gone. */
export function announce(
  tx: Transaction,
  change: DeviceStanding | { readonly kuid: string; readonly state: null },
): void {
  const reason = "reason" in change ? (change.reason ?? null) : null;
  const { row } = tx.queries.run(added({ kuid: change.kuid, state: change.state, reason }));
  if (row % FORGOTTEN_TOGETHER === 0) tx.queries.run(forgotten({ sequence: row - CHANGES_KEPT }));
}
