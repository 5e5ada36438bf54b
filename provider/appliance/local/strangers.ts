import { build, listed } from "./query.ts";
import { runningInstance } from "./server.ts";
import { announce } from "./standing.ts";
import { recordChanges, type Transaction } from "./transaction.ts";

/** How many devices may wait in quarantine. Whoever can reach the port can make new ones up. */
export const QUARANTINE_LIMIT = 10_000;

/**
 * Makes room in a quarantine that is full: forgets the devices that came first among those that nobody ever decided
 * about and that are not connected, a hundredth at a time, so that it need not be looked at for each that comes.
 * @param newcomer who has just come, and is not forgotten
 * @returns how many were forgotten
 */
export function makeRoom(tx: Transaction, newcomer: string, limit: number): number {
  const waiting = build
    .selectFrom("devices")
    .select((eb) => eb.fn.countAll<number>().as("count"))
    .where("state", "<>", "approved"); // what the index on them says, so that each is not looked at
  if ((tx.queries.first(waiting)?.count ?? 0) <= limit) return 0;
  const quarantined = tx.queries.first(waiting.where("state", "=", "quarantined"))?.count ?? 0;
  if (quarantined <= limit) return 0;
  const running = runningInstance(tx);
  const strangers = tx.queries.all(
    build
      .selectFrom("devices")
      .select(["kuid"])
      .where("state", "=", "quarantined")
      // Whoever was put back by a person was approved or blocked once.
      .where("reason", "<>", "awaiting-approval")
      .where("token_id", "is", null)
      .where("kuid", "<>", newcomer)
      .where((eb) =>
        eb.or([
          eb("connection_id", "is", null),
          ...(running === undefined ? [eb("connection_id", "is not", null)] : [eb("instance_id", "<>", running)]),
        ]),
      )
      .orderBy("enrolled_at")
      .orderBy("kuid")
      .limit(quarantined - limit + Math.floor(limit / 100)),
  );
  if (strangers.length === 0) return 0;
  const kuids = strangers.map(({ kuid }) => kuid);
  tx.queries.run(build.deleteFrom("devices").where("kuid", "in", listed(kuids)));
  for (const kuid of kuids) announce(tx, { kuid, state: null });
  recordChanges(tx, { subject: "quarantine", subjectName: "quarantine" }, [
    { property: "devices", from: quarantined, to: quarantined - kuids.length },
  ]);
  return kuids.length;
}
