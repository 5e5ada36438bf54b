import { ApplianceError } from "../errors.ts";
import { deviceState } from "../operations/device-words.ts";
import {
  type DeviceReason,
  type DeviceStanding,
  type deviceOperations,
  deviceReason,
  INVENTORIES_A_PAGE,
} from "../operations/devices.ts";
import { isConnected, recordConnection, recordConnectionEnd } from "./connections.ts";
import { type DeviceRow, describer, reasonOf } from "./described-devices.ts";
import { enrol } from "./enrolment.ts";
import { fixed } from "./fixed-query.ts";
import type { HandlersOf } from "./handlers.ts";
import { keepInventory } from "./inventories.ts";
import { InventoryReader } from "./inventory-reader.ts";
import { numberAt, page, textAt } from "./paging.ts";
import { build, listed } from "./query.ts";
import type { ReadyInventory } from "./ready-inventory.ts";
import { runningInstance } from "./server.ts";
import { announce } from "./standing.ts";
import { recordChanges, type Transaction } from "./transaction.ts";

function rows() {
  return build.selectFrom("devices").selectAll();
}

/** As {@link rows}, with the inventory as it is kept, which takes most of the room and of the time. */
function wholeRows(withInventory = true) {
  return build
    .selectFrom("devices")
    .leftJoin("inventories", (join) =>
      join.onRef("inventories.kuid", "=", "devices.kuid").on((eb) => eb(eb.lit(withInventory), "=", eb.lit(true))),
    )
    .selectAll("devices")
    .select(["packed", "content"]);
}

const stateOf = fixed(({ kuid }: { kuid: string }) =>
  build.selectFrom("devices").select("state").where("kuid", "=", kuid),
);

function find(tx: Transaction, kuid: string): DeviceRow {
  const row = tx.queries.first(wholeRows().where("devices.kuid", "=", kuid));
  if (row !== undefined) return row;
  throw unknownDevice(kuid);
}

function unknownDevice(kuid: string): ApplianceError {
  return new ApplianceError({
    code: "not-found",
    message: `there is no device "${kuid}"`,
    hint: "its agent has not enrolled here, or it was deleted",
  });
}

/** Host names match in any case, and one without its domain matches one that has one. */
function namedLike(names: readonly string[]) {
  const full = names.map((name) => name.toLowerCase().replace(/\.$/, ""));
  const short = full.map((name) => name.split(".", 1)[0] ?? name);
  const unqualified = full.filter((name) => !name.includes("."));
  return build
    .selectFrom("devices")
    .select("kuid")
    .where((eb) =>
      eb.or([
        eb("full_name", "in", listed(full)),
        eb("short_name", "in", listed(unqualified)),
        // Equal only where the device itself knows no domain.
        eb.and([eb("full_name", "in", listed(short)), eb("full_name", "=", eb.ref("short_name"))]),
      ]),
    );
}

const reader = new InventoryReader();

// Awaits nothing that holds the text: of hundreds that wait, all would outlive a collection.
async function recordReady(
  kuid: string,
  inventory: Promise<ReadyInventory>,
): Promise<(tx: Transaction) => Record<string, never>> {
  const ready = await inventory;
  return (tx) => {
    const device = tx.queries.first(stateOf({ kuid }));
    if (device === undefined) throw unknownDevice(kuid);
    if (device.state !== "approved") {
      throw new ApplianceError({
        code: "permission-denied",
        message: `device ${kuid} is not approved: its inventory is not kept`,
      });
    }
    keepInventory(tx, kuid, ready);
    return {};
  };
}

export const deviceHandlers: HandlersOf<typeof deviceOperations, "recordInventory"> = {
  enrolDevice: enrol,

  deviceConnected(tx, { kuid, connectionId, instanceId, can }) {
    find(tx, kuid);
    recordConnection(tx, { kuid, connectionId, instanceId, can });
    return {};
  },

  deviceDisconnected(tx, { kuid, connectionId }) {
    recordConnectionEnd(tx, { kuid, connectionId });
    return {};
  },

  recordInventory: {
    async prepare({ kuid, inventory }) {
      return recordReady(kuid, reader.read(inventory));
    },
  },

  getDevice: (tx, { kuid }) => describer(tx)(find(tx, kuid)),

  findDevices(tx, { organization, kuids, names, states, inventories, limit: asked, after }) {
    const limit = inventories ? Math.min(asked, INVENTORIES_A_PAGE) : asked;
    let query = wholeRows(inventories)
      .where("organization", "=", organization)
      .orderBy("devices.kuid")
      .limit(limit + 1);
    if (kuids !== undefined) query = query.where("devices.kuid", "in", listed(kuids));
    if (names !== undefined) query = query.where("devices.kuid", "in", namedLike(names));
    if (states !== undefined) query = query.where("state", "in", listed(states));
    if (after !== undefined) query = query.where("devices.kuid", ">", textAt(after, 0));
    const { items, next } = page(tx.queries.all(query), limit, (row) => [row.kuid], describer(tx));
    return { devices: items, next };
  },

  listQuarantine(tx, { organization, limit, after }) {
    let query = wholeRows(false)
      .where("organization", "=", organization)
      .where("state", "=", "quarantined")
      .orderBy("enrolled_at", "desc")
      .orderBy("devices.kuid", "desc")
      .limit(limit + 1);
    if (after !== undefined) {
      const [enrolledAt, kuid] = [numberAt(after, 0), textAt(after, 1)];
      query = query.where((eb) => eb(eb.refTuple("enrolled_at", "devices.kuid"), "<", eb.tuple(enrolledAt, kuid)));
    }
    const { items, next } = page(tx.queries.all(query), limit, (row) => [row.enrolled_at, row.kuid], describer(tx));
    return { devices: items, next };
  },

  deviceStates(tx, { kuids }) {
    const instance = runningInstance(tx);
    const found = tx.queries.all(rows().where("kuid", "in", listed(kuids)).orderBy("kuid"));
    return {
      devices: found.map((row) => ({
        kuid: row.kuid,
        state: row.state,
        reason: reasonOf(row),
        connected: isConnected(row, instance),
      })),
    };
  },

  setDeviceState(tx, { kuid, state }) {
    const row = find(tx, kuid);
    const reason: DeviceReason | undefined =
      state === "approved" ? undefined : state === "blocked" ? "blocked" : "awaiting-approval";
    const standing: DeviceStanding = { kuid, state, reason };
    if (row.state === state) return { kuid, state, reason: reasonOf(row) };
    tx.queries.run(
      build
        .updateTable("devices")
        .set({ state, reason: reason ?? null })
        .where("kuid", "=", kuid),
    );
    announce(tx, standing);
    recordChanges(tx, { subject: `device:${kuid}`, subjectName: row.hostname }, [
      { property: "state", from: row.state, to: state },
    ]);
    return standing;
  },

  deleteDevice(tx, { kuid }) {
    const row = tx.queries.first(rows().where("kuid", "=", kuid));
    if (row === undefined) return { deleted: false };
    tx.queries.run(build.deleteFrom("devices").where("kuid", "=", kuid));
    announce(tx, { kuid, state: null });
    recordChanges(tx, { subject: `device:${kuid}`, subjectName: row.hostname }, [
      { property: "state", from: row.state, to: null },
    ]);
    return { deleted: true };
  },

  changesSince(tx, { sequence: since }) {
    const known = tx.queries.first(
      build
        .selectFrom("device_changes")
        .select((eb) => [eb.fn.min("sequence").as("first"), eb.fn.max("sequence").as("last")]),
    );
    const [first, last] = [known?.first ?? 1, known?.last ?? 0];
    if (since === undefined) return { sequence: last, complete: true, changes: [] };
    const changed = tx.queries.all(
      build.selectFrom("device_changes").selectAll().where("sequence", ">", since).orderBy("sequence"),
    );
    return {
      sequence: changed.at(-1)?.sequence ?? last,
      // Also a number from a database that was replaced by an older one.
      complete: since >= first - 1 && since <= last,
      changes: changed.map(({ kuid, state, reason }) =>
        state === null
          ? { change: "deleted", kuid }
          : {
              change: "standing",
              kuid,
              state: deviceState.parse(state),
              reason: reason === null ? undefined : deviceReason.parse(reason),
            },
      ),
    };
  },
};
