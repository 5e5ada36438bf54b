import type { Selectable } from "kysely";
import * as z from "zod";
import {
  abilities,
  type Device,
  type DeviceReason,
  deviceOperations,
  deviceReason,
  type Inventory,
  trusts,
} from "../operations/devices.ts";
import { columnReader } from "./column-reader.ts";
import { isConnected } from "./connections.ts";
import { hasReportedLast } from "./last-said.ts";
import { runningInstance } from "./server.ts";
import { readInventory } from "./stored-inventory.ts";
import type { Tables } from "./tables.ts";
import { fromColumn, moment, momentOrNone, type Transaction } from "./transaction.ts";

type Row = Selectable<Tables["devices"]>;

/** A device with its inventory as it is kept; without content where none was asked for, or there is none. */
export type DeviceRow = Row & { readonly packed: string | null; readonly content: Uint8Array | null };

const { agentVersion, flavour, os, machineId, addresses, macs } = deviceOperations.enrolDevice.input.shape;
const agentColumn = z.object({ agentVersion, flavour, os });
/** What a device says of its machine when it greets, as it is kept. */
export const helloColumn = z.object({ machineId, addresses, macs });

/** Why a device is not approved; undefined where it is. */
export function reasonOf(row: Row): DeviceReason | undefined {
  return row.reason === null ? undefined : deviceReason.parse(row.reason);
}

function inventoryOf({ packed, content }: DeviceRow, what: string): Inventory | undefined {
  return packed === null ? undefined : readInventory({ packed, content }, what);
}

/** Makes of rows the devices that they are of, as they are at one moment. */
export function describer(tx: Transaction): (row: DeviceRow) => Device {
  const instance = runningInstance(tx);
  const [agentOf, abilitiesOf, trustsOf] = [columnReader(agentColumn), columnReader(abilities), columnReader(trusts)];
  return (row) => {
    const what = `device ${row.kuid}`;
    const connected = isConnected(row, instance);
    const hello = fromColumn(helloColumn, row.hello, what);
    return {
      kuid: row.kuid,
      organization: row.organization,
      publicKey: row.public_key,
      state: row.state,
      reason: reasonOf(row),
      tokenId: row.token_id ?? undefined,
      hostname: row.hostname,
      ...agentOf(row.agent, what),
      ...hello,
      connected,
      connectedSince: connected ? momentOrNone(row.connected_since) : undefined,
      can: abilitiesOf(row.abilities, what),
      trusts: row.trusts === null ? undefined : trustsOf(row.trusts, what),
      lastSeenAt: moment(row.last_seen_at),
      enrolledAt: moment(row.enrolled_at),
      address: (hasReportedLast(row) ? row.reported_address : null) ?? hello.addresses[0],
      inventory: inventoryOf(row, what),
      inventoryAt: momentOrNone(row.inventory_at),
    };
  };
}
