import { ApplianceError } from "../errors.ts";
import type { MachineFacts } from "../filter/match.ts";
import type { LabelMember } from "../operations/labels.ts";
import { inventoryText } from "./inventories.ts";
import { build } from "./query.ts";
import { runningInstance } from "./server.ts";
import type { Transaction } from "./transaction.ts";

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
      .leftJoin("inventories", "inventories.kuid", "devices.kuid")
      .select(["devices.kuid", "hostname", "hello", "facts", "inventory_at", "connected_since", "connection_id"])
      .select("instance_id")
      .where("organization", "=", organization)
      .where("state", "=", "approved")
      .orderBy("devices.kuid"),
  );
  return rows.map((row) => {
    let known: Known | undefined;
    const read = () => {
      known ??= knownOf(tx, row);
      return known;
    };
    return {
      kuid: row.kuid,
      hostname: row.hostname,
      get address() {
        return read().address;
      },
      connected: row.connection_id !== null && instance !== undefined && row.instance_id === instance,
      facts: () => read().facts,
    };
  });
}

/** What is known of a device, its first address beside the rest, which may have to be unpacked. */
interface Known {
  readonly facts: MachineFacts;
  readonly address: string | undefined;
}

interface Row {
  readonly kuid: string;
  readonly hostname: string;
  readonly hello: string;
  readonly facts: string | null;
  readonly inventory_at: number | null;
  readonly connected_since: number | null;
}

/** What it said last: its inventory, unless it has connected since and said who it is now. */
function knownOf(tx: Transaction, row: Row): Known {
  const what = `device ${row.kuid}`;
  const isNewer = row.connected_since === null || (row.inventory_at ?? 0) >= row.connected_since;
  const beside: MachineFacts & { readonly isPart?: unknown } =
    row.facts !== null && isNewer ? readFacts(row.facts, what) : readFacts(row.hello, what, row.hostname);
  const [address] = beside.addresses;
  if (beside.isPart !== true) return { facts: beside, address };
  // Only a filter that asks for addresses unpacks the inventory of a machine that has many.
  let whole: MachineFacts | undefined;
  const unpacked = () => {
    whole ??= readFacts(inventoryText(tx, row.kuid) ?? "", what);
    return whole;
  };
  const { hostname, agentVersion, os } = beside;
  const facts: MachineFacts = {
    hostname,
    agentVersion,
    os,
    get addresses() {
      return unpacked().addresses;
    },
    get macs() {
      return unpacked().macs;
    },
  };
  return { facts, address };
}

/**
 * Reads what was checked when it was written. Not by its schema, which would take as long as all the rest: a filter asks
 * every device there is.
 * @param hostname where the text has none
 */
function readFacts(text: string, what: string, hostname?: string): MachineFacts {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw new ApplianceError({ code: "corrupt", message: `${what} in the database is not readable`, cause });
  }
  const facts = isObject(value) && hostname !== undefined ? { ...value, hostname } : value;
  if (isFacts(facts)) return facts;
  throw new ApplianceError({ code: "corrupt", message: `${what} in the database is not as expected` });
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null;
}

function isFacts(value: unknown): value is MachineFacts {
  if (!isObject(value)) return false;
  const { hostname, agentVersion, os, addresses, macs } = value;
  return (
    isText(hostname) &&
    isText(agentVersion) &&
    isObject(os) &&
    [os.id, os.version, os.platform, os.architecture].every(isText) &&
    [addresses, macs].every((list) => Array.isArray(list) && list.every(isText))
  );
}

function isText(value: unknown): value is string {
  return typeof value === "string";
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
