import type { Selectable } from "kysely";
import * as z from "zod";
import { ApplianceError } from "../errors.ts";
import type { KeyConflict } from "../operations/quarantine.ts";
import type { Handler } from "./handlers.ts";
import { numberAt, page, textAt } from "./paging.ts";
import { build } from "./query.ts";
import type { Tables } from "./tables.ts";
import { fromColumn, moment } from "./transaction.ts";

/** How many are kept: enough to find every copy of an image, and no more than a page or two of whoever tries. */
const CONFLICTS_KEPT = 1_000;

const texts = z.array(z.string());
const said = z.object({ machineId: z.string() });

type Row = Selectable<Tables["key_conflicts"]> & {
  readonly known_hostname: string;
  readonly known_hello: string;
  readonly known_key: string;
};

function rows() {
  return build
    .selectFrom("key_conflicts")
    .innerJoin("devices", "devices.kuid", "key_conflicts.kuid")
    .selectAll("key_conflicts")
    .select(["devices.hostname as known_hostname", "devices.hello as known_hello", "devices.public_key as known_key"]);
}

function describe(row: Row): KeyConflict {
  const { machineId: known } = fromColumn(said, row.known_hello, `device ${row.kuid}`);
  // A copy of the key is the copy of a disk: its machine's own id is most often copied with it, and tells nothing.
  const isCopy = row.known_key === row.public_key;
  const areKnown = known !== "" && row.machine_id !== "";
  return {
    kuid: row.kuid,
    knownHostname: row.known_hostname,
    hostname: row.hostname,
    sameMachine: isCopy ? false : areKnown ? known === row.machine_id : undefined,
    addresses: fromColumn(texts, row.addresses, `the conflict about device ${row.kuid}`),
    firstSeenAt: moment(row.first_seen_at),
    lastSeenAt: moment(row.last_seen_at),
    attempts: row.attempts,
  };
}

export const recordKeyConflict: Handler<"recordKeyConflict"> = (
  tx,
  { kuid, publicKey, hostname, machineId, addresses, copied },
) => {
  const device = tx.queries.first(
    build.selectFrom("devices").select(["organization", "public_key"]).where("kuid", "=", kuid),
  );
  if (device === undefined) throw new ApplianceError({ code: "invalid", message: `there is no device "${kuid}"` });
  if ((device.public_key === publicKey) !== copied)
    throw new ApplianceError({
      code: "invalid",
      message: `device ${kuid} is known with ${copied ? "another key" : "this very key"}`,
    });
  const before = tx.queries.first(
    build.selectFrom("key_conflicts").selectAll().where("kuid", "=", kuid).where("public_key", "=", publicKey),
  );
  const values = {
    organization: device.organization,
    hostname,
    machine_id: machineId,
    addresses: JSON.stringify(addresses.slice(0, 10)),
    last_seen_at: tx.now,
    attempts: (before?.attempts ?? 0) + 1,
  };
  tx.queries.run(
    build
      .insertInto("key_conflicts")
      .values({ kuid, public_key: publicKey, first_seen_at: tx.now, ...values })
      .onConflict((conflict) => conflict.columns(["kuid", "public_key"]).doUpdateSet(values)),
  );
  dropOldest();
  const row = tx.queries.first(
    rows().where("key_conflicts.kuid", "=", kuid).where("key_conflicts.public_key", "=", publicKey),
  );
  if (row === undefined) throw new ApplianceError({ code: "corrupt", message: "a record is gone that was just made" });
  return { ...describe(row), isNew: before === undefined };

  function dropOldest(): void {
    const beyond = tx.queries.all(
      build
        .selectFrom("key_conflicts")
        .select(["kuid", "public_key"])
        .orderBy("last_seen_at", "desc")
        .orderBy("first_seen_at", "desc")
        .limit(CONFLICTS_KEPT + 100)
        .offset(CONFLICTS_KEPT),
    );
    for (const { kuid: of, public_key } of beyond)
      tx.queries.run(build.deleteFrom("key_conflicts").where("kuid", "=", of).where("public_key", "=", public_key));
  }
};

export const listKeyConflicts: Handler<"listKeyConflicts"> = (tx, { organization, limit, after }) => {
  let query = rows()
    .where("key_conflicts.organization", "=", organization)
    .orderBy("key_conflicts.last_seen_at", "desc")
    .orderBy("key_conflicts.kuid")
    .orderBy("key_conflicts.public_key")
    .limit(limit + 1);
  if (after !== undefined) {
    const [seenAt, kuid, key] = [numberAt(after, 0), textAt(after, 1), textAt(after, 2)];
    query = query.where((eb) =>
      eb.or([
        eb("key_conflicts.last_seen_at", "<", seenAt),
        eb.and([
          eb("key_conflicts.last_seen_at", "=", seenAt),
          eb(eb.refTuple("key_conflicts.kuid", "key_conflicts.public_key"), ">", eb.tuple(kuid, key)),
        ]),
      ]),
    );
  }
  const { items, next } = page(
    tx.queries.all(query),
    limit,
    (row) => [row.last_seen_at, row.kuid, row.public_key],
    describe,
  );
  return { keyConflicts: items, next };
};
