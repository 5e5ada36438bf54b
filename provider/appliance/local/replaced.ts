import { replacedDevices } from "../replaced-devices.ts";
import { isConnected } from "./connections.ts";
import { helloColumn } from "./described-devices.ts";
import { fixed } from "./fixed-query.ts";
import { build } from "./query.ts";
import { runningInstance } from "./server.ts";
import { fromColumn, moment, type Transaction } from "./transaction.ts";

/** Approved devices that share their host name: of few of many, which the index on the names finds by itself. */
const ofOneName = fixed(({ organization }: { organization: string }) =>
  build
    .selectFrom("devices")
    .select(["kuid", "hostname", "hello", "instance_id", "enrolled_at", "last_seen_at"])
    .where("organization", "=", organization)
    .where("state", "=", "approved")
    .where(
      "full_name",
      "in",
      build
        .selectFrom("devices as named")
        .select("named.full_name")
        .groupBy("named.full_name")
        .having((eb) => eb(eb.fn.countAll(), ">", eb.lit(1))),
    ),
);

/**
 * The KUIDs of an organization's approved devices that other approved ones have taken the place of: they are listed until
 * somebody forgets them, and are no machines any more. One that connects again is a machine again.
 */
export function replacedIn(tx: Transaction, organization: string): ReadonlySet<string> {
  const rows = tx.queries.all(ofOneName({ organization }));
  if (rows.length === 0) return NOBODY;
  const instance = runningInstance(tx);
  const devices = rows.map((row) => {
    const { machineId, macs } = fromColumn(helloColumn, row.hello, `device ${row.kuid}`);
    const times = { enrolledAt: moment(row.enrolled_at), lastSeenAt: moment(row.last_seen_at) };
    return { kuid: row.kuid, hostname: row.hostname, machineId, macs, connected: isConnected(row, instance), ...times };
  });
  return new Set(replacedDevices(devices).keys());
}

/** The same of all organizations. */
export function replacedAnywhere(tx: Transaction): ReadonlySet<string> {
  const organizations = tx.queries.all(build.selectFrom("organizations").select("name"));
  return new Set(organizations.flatMap(({ name }) => [...replacedIn(tx, name)]));
}

const NOBODY: ReadonlySet<string> = new Set();
