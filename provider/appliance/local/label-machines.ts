import type { ExpressionBuilder } from "kysely";
import { ApplianceError } from "../errors.ts";
import type { MachineFacts } from "../filter/match.ts";
import type { LabelMember } from "../operations/labels.ts";
import { inventoryText } from "./inventories.ts";
import { build } from "./query.ts";
import { runningInstance } from "./server.ts";
import type { Tables } from "./tables.ts";
import type { Transaction } from "./transaction.ts";

/** An approved device, as labels see it. */
export interface LabelMachine extends LabelMember {
  /** What filters ask it about; read when it is first asked for. */
  readonly facts: () => MachineFacts;
}

/** The approved devices of an organization, by KUID: no other has a label. */
export function labelMachines(tx: Transaction, organization: string): LabelMachine[] {
  const instance = runningInstance(tx);
  const addresses = new KnownAddresses(tx, organization);
  const rows = tx.queries.all(
    devicesOf(organization)
      .select(["devices.kuid", "hostname", "facts", "connection_id", "instance_id"])
      // Read only where it is what a device has said last: it has connected since its inventory and said who it is now.
      .select((eb) => eb.case().when(inventoryIsNewer(eb)).then(null).else(eb.ref("hello")).end().as("hello"))
      .orderBy("devices.kuid"),
  );
  return rows.map((row) => {
    const connected = row.connection_id !== null && instance !== undefined && row.instance_id === instance;
    const facts = new KnownFacts(row, addresses);
    return {
      kuid: row.kuid,
      hostname: row.hostname,
      connected,
      get address() {
        return facts.address;
      },
      facts: () => facts,
    };
  });
}

function devicesOf(organization: string) {
  return build
    .selectFrom("devices")
    .leftJoin("device_facts", "device_facts.kuid", "devices.kuid")
    .where("organization", "=", organization)
    .where("state", "=", "approved");
}

type Joined = Tables & { device_facts: { [Column in keyof Tables["device_facts"]]: string | null } };

function inventoryIsNewer(eb: ExpressionBuilder<Joined, "devices" | "device_facts">) {
  return eb.and([
    eb("facts", "is not", null),
    eb.or([
      eb("connected_since", "is", null),
      eb(eb.fn.coalesce("inventory_at", eb.lit(0)), ">=", eb.ref("connected_since")),
    ]),
  ]);
}

interface Row {
  readonly kuid: string;
  readonly hostname: string;
  /** Null where the inventory is newer. */
  readonly hello: string | null;
  readonly facts: string | null;
}

/** What is read when it is first asked for: most filters ask for very little of it. */
class KnownFacts implements MachineFacts {
  readonly #row: Row;
  readonly #all: KnownAddresses;
  #said: Said | undefined;
  #found: Addresses | undefined;

  constructor(row: Row, all: KnownAddresses) {
    this.#row = row;
    this.#all = all;
  }

  get hostname(): string {
    return this.#known.hostname ?? this.#row.hostname;
  }

  get address(): string | undefined {
    const { address, addresses } = this.#known;
    return address ?? addresses?.[0];
  }

  get agentVersion(): string {
    return this.#known.agentVersion;
  }

  get os(): MachineFacts["os"] {
    return this.#known.os;
  }

  get addresses(): string[] {
    return this.#addresses.addresses;
  }

  get macs(): string[] {
    return this.#addresses.macs;
  }

  get #known(): Said {
    const { kuid, hello, facts } = this.#row;
    this.#said ??= readJson(hello ?? facts ?? "", isSaid, `device ${kuid}`);
    return this.#said;
  }

  get #addresses(): Addresses {
    const { kuid, hello } = this.#row;
    this.#found ??= hello === null ? this.#all.of(kuid) : readJson(hello, isAddresses, `device ${kuid}`);
    return this.#found;
  }
}

type Addresses = Pick<MachineFacts, "addresses" | "macs">;

/** The addresses in the inventories of an organization: all are read at once when the first is asked for. */
class KnownAddresses {
  readonly #tx: Transaction;
  readonly #organization: string;
  #texts: ReadonlyMap<string, string> | undefined;

  constructor(tx: Transaction, organization: string) {
    this.#tx = tx;
    this.#organization = organization;
  }

  of(kuid: string): Addresses {
    const what = `device ${kuid}`;
    this.#texts ??= new Map(
      this.#tx.queries
        .all(
          devicesOf(this.#organization)
            .innerJoin("device_addresses", "device_addresses.kuid", "devices.kuid")
            .select(["devices.kuid", "addresses"]),
        )
        .map((row) => [row.kuid, row.addresses]),
    );
    const found = readJson(this.#texts.get(kuid) ?? "", isAddresses, what);
    if (!("isPart" in found) || found.isPart !== true) return found;
    return readJson(inventoryText(this.#tx, kuid) ?? "", isAddresses, what);
  }
}

interface Said extends Pick<MachineFacts, "agentVersion" | "os"> {
  /** Of an inventory; that of a hello is kept with the device. */
  readonly hostname?: string | undefined;
  /** Of an inventory: the first one. */
  readonly address?: string | null | undefined;
  /** Of a hello. */
  readonly addresses?: readonly string[] | undefined;
}

/**
 * Reads what was checked when it was written. Not by its schema, which would take as long as all the rest: a filter asks
 * every device there is.
 */
export function readJson<Value>(text: string, isRight: (value: unknown) => value is Value, what: string): Value {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw new ApplianceError({ code: "corrupt", message: `${what} in the database is not readable`, cause });
  }
  if (isRight(value)) return value;
  throw new ApplianceError({ code: "corrupt", message: `${what} in the database is not as expected` });
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null;
}

function isSaid(value: unknown): value is Said {
  if (!isObject(value)) return false;
  const { hostname, agentVersion, os, address, addresses } = value;
  return (
    (hostname === undefined || isText(hostname)) &&
    isText(agentVersion) &&
    isObject(os) &&
    isText(os.id) &&
    isText(os.version) &&
    isText(os.platform) &&
    isText(os.architecture) &&
    (address === undefined || address === null || isText(address)) &&
    (addresses === undefined || isTexts(addresses))
  );
}

function isAddresses(value: unknown): value is Addresses & { readonly isPart?: unknown } {
  return isObject(value) && isTexts(value.addresses) && isTexts(value.macs);
}

function isTexts(value: unknown): value is string[] {
  return Array.isArray(value) && value.every(isText);
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
      this.#name(full, machine);
      if (short !== full) this.#name(short, machine);
    }
  }

  #name(name: string, machine: LabelMachine): void {
    const known = this.#byName.get(name);
    if (known === undefined) this.#byName.set(name, [machine]);
    else known.push(machine);
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
  const lower = text.toLowerCase();
  return lower.endsWith(".") ? lower.slice(0, -1) : lower;
}

function shortOf(name: string): string {
  const dot = name.indexOf(".");
  return dot < 0 ? name : name.slice(0, dot);
}
