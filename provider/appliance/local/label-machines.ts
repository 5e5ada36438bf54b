import type { MachineFacts } from "../filter/match.ts";
import { deviceOperations, inventory as inventorySchema } from "../operations/devices.ts";
import type { LabelMember } from "../operations/labels.ts";
import { build } from "./query.ts";
import { runningInstance } from "./server.ts";
import { fromColumn, type Transaction } from "./transaction.ts";

const hello = deviceOperations.enrolDevice.input.pick({ agentVersion: true, os: true, addresses: true, macs: true });

/** An approved device, as labels see it. */
export interface LabelMachine extends LabelMember {
  /** What filters ask it about; read when it is first asked for. */
  readonly facts: () => MachineFacts;
}

/** The approved devices of an organization, by KUID: no other has a label. */
export function labelMachines(tx: Transaction, organization: string): LabelMachine[] {
  const instance = runningInstance(tx);
  const rows = tx.queries.all(
    build
      .selectFrom("devices")
      .select(["kuid", "hostname", "hello", "inventory", "inventory_at", "connected_since", "connection_id"])
      .select("instance_id")
      .where("organization", "=", organization)
      .where("state", "=", "approved")
      .orderBy("kuid"),
  );
  return rows.map((row) => {
    let known: MachineFacts | undefined;
    const facts = () => {
      known ??= factsOf(row);
      return known;
    };
    return {
      kuid: row.kuid,
      hostname: row.hostname,
      get address() {
        return facts().addresses[0];
      },
      connected: row.connection_id !== null && instance !== undefined && row.instance_id === instance,
      facts,
    };
  });
}

interface Row {
  readonly kuid: string;
  readonly hostname: string;
  readonly hello: string;
  readonly inventory: string | null;
  readonly inventory_at: number | null;
  readonly connected_since: number | null;
}

/** What it said last: its inventory, unless it has connected since and said who it is now. */
function factsOf(row: Row): MachineFacts {
  const what = `device ${row.kuid}`;
  const isNewer = row.connected_since === null || (row.inventory_at ?? 0) >= row.connected_since;
  if (row.inventory !== null && isNewer) return fromColumn(inventorySchema, row.inventory, what);
  return { hostname: row.hostname, ...fromColumn(hello, row.hello, what) };
}

/** Finds devices as people name them. */
export class MachineIndex {
  readonly #byKuid = new Map<string, LabelMachine>();
  readonly #byName = new Map<string, LabelMachine[]>();

  constructor(machines: readonly LabelMachine[]) {
    for (const machine of machines) {
      this.#byKuid.set(machine.kuid.toLowerCase(), machine);
      const full = nameOf(machine.hostname);
      const short = shortOf(full);
      for (const name of new Set([full, short])) this.#byName.set(name, [...(this.#byName.get(name) ?? []), machine]);
    }
  }

  /** The devices of a KUID or host name: several where machines share the name, none where it has not enrolled. */
  named(kuidOrName: string): readonly LabelMachine[] {
    const name = nameOf(kuidOrName);
    const byKuid = this.#byKuid.get(name);
    if (byKuid !== undefined) return [byKuid];
    const found = this.#byName.get(name);
    if (found !== undefined || !name.includes(".")) return found ?? [];
    // A name with its domain also means the device that knows no domain itself.
    return (this.#byName.get(shortOf(name)) ?? []).filter(({ hostname }) => !nameOf(hostname).includes("."));
  }
}

function nameOf(text: string): string {
  return text.toLowerCase().replace(/\.$/, "");
}

function shortOf(name: string): string {
  return name.split(".", 1)[0] ?? name;
}
