import { sql } from "kysely";
import { build } from "./query.ts";
import { replacedIn } from "./replaced.ts";
import type { Transaction } from "./transaction.ts";

/**
 * The approved devices that people mean by names: by a KUID that one, else all of a host name, with its domain or without.
 * Several where machines share a name. Not those that newer ones of the same machines have replaced, unless asked for.
 *
 * @returns their KUIDs in order by each name as it was given; names that nobody is called are left out
 * @example machinesNamed(tx, "default", ["WEB01"]).get("WEB01") // ["4f0c…"]
 */
export function machinesNamed(
  tx: Transaction,
  organization: string,
  names: readonly string[],
  { replacedToo = false }: { readonly replacedToo?: boolean } = {},
): ReadonlyMap<string, readonly string[]> {
  if (names.length === 0) return new Map();
  const devices = new ApprovedDevices(tx, organization);
  const wanted = new Set(names.map(nameOf));
  const found = new Map<string, readonly string[]>();
  // Of identities that differ in their case only the last one is meant.
  for (const [name, kuids] of devices.byKuid([...wanted])) found.set(name, kuids.slice(-1));
  for (const [name, kuids] of devices.byHostname(without(wanted, found))) found.set(name, kuids);
  // A name with its domain also means the device that knows no domain itself.
  const qualified = without(wanted, found).filter((name) => name.includes("."));
  const unqualified = devices.withoutDomain(qualified.map(shortOf));
  for (const name of qualified) {
    const kuids = unqualified.get(shortOf(name));
    if (kuids !== undefined) found.set(name, kuids);
  }
  const replaced = replacedToo || found.size === 0 ? new Set<string>() : replacedIn(tx, organization);
  return new Map(
    names.flatMap((name) => {
      const kuids = found.get(nameOf(name))?.filter((kuid) => !replaced.has(kuid)) ?? [];
      return kuids.length === 0 ? [] : [[name, kuids]];
    }),
  );
}

type ByName = ReadonlyMap<string, readonly string[]>;

/** What the indices of the devices find, whatever the number of devices: names are in lower case. */
class ApprovedDevices {
  readonly #tx: Transaction;
  readonly #organization: string;

  constructor(tx: Transaction, organization: string) {
    this.#tx = tx;
    this.#organization = organization;
  }

  byKuid(names: readonly string[]): ByName {
    const query = this.#approved(names).where(sql`devices.kuid collate nocase`, "=", sql.ref("asked.value"));
    return grouped(this.#tx.queries.all(query));
  }

  byHostname(names: readonly string[]): ByName {
    const ofFull = this.#approved(names).whereRef("full_name", "=", "asked.value");
    const ofShort = this.#approved(names)
      .whereRef("short_name", "=", "asked.value")
      .whereRef("full_name", "<>", "short_name");
    return grouped([...this.#tx.queries.all(ofFull), ...this.#tx.queries.all(ofShort)]);
  }

  withoutDomain(names: readonly string[]): ByName {
    const query = this.#approved(names)
      .whereRef("full_name", "=", "asked.value")
      .whereRef("full_name", "=", "short_name");
    return grouped(this.#tx.queries.all(query));
  }

  #approved(names: readonly string[]) {
    const asked = sql<{ value: string }>`json_each(${JSON.stringify([...new Set(names)])})`.as<"asked">("asked");
    return build
      .selectFrom(asked)
      .innerJoin("devices", (join) => join.onTrue())
      .select(["asked.value as name", "devices.kuid"])
      .where("organization", "=", this.#organization)
      .where("state", "=", "approved");
  }
}

function grouped(rows: readonly { readonly name: string; readonly kuid: string }[]): ByName {
  const byName = new Map<string, string[]>();
  for (const { name, kuid } of rows) {
    const known = byName.get(name);
    if (known === undefined) byName.set(name, [kuid]);
    else known.push(kuid);
  }
  for (const kuids of byName.values()) kuids.sort();
  return byName;
}

function without(names: Iterable<string>, found: ByName): string[] {
  return [...names].filter((name) => !found.has(name));
}

function nameOf(text: string): string {
  const lower = text.toLowerCase();
  return lower.endsWith(".") ? lower.slice(0, -1) : lower;
}

function shortOf(name: string): string {
  return name.split(".", 1)[0] ?? name;
}
