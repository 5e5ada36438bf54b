import type { MachineFacts } from "../filter/match.ts";
import { inventoryText } from "./inventories.ts";
import { isRecord, isTexts, readKept } from "./kept-json.ts";
import { lastSaid } from "./last-said.ts";
import { build } from "./query.ts";
import type { Transaction } from "./transaction.ts";

type Addresses = Pick<MachineFacts, "addresses" | "macs">;

/** The addresses that the devices of an organization have said last: all are read at once when the first is asked for. */
export class KnownAddresses {
  readonly #tx: Transaction;
  readonly #organization: string;
  #texts: ReadonlyMap<string, string | null> | undefined;

  constructor(tx: Transaction, organization: string) {
    this.#tx = tx;
    this.#organization = organization;
  }

  of(kuid: string): Addresses {
    const what = `device ${kuid}`;
    this.#texts ??= this.#read();
    const found = readKept(this.#texts.get(kuid) ?? "", isAddresses, what);
    return found.isPart === true ? readKept(inventoryText(this.#tx, kuid) ?? "", isAddresses, what) : found;
  }

  #read(): ReadonlyMap<string, string | null> {
    const query = build
      .selectFrom("devices")
      .leftJoin("device_addresses", "device_addresses.kuid", "devices.kuid")
      .select("devices.kuid")
      .select((eb) => lastSaid(eb, { reported: eb.ref("addresses"), greeted: eb.ref("hello") }).as("addresses"))
      .where("organization", "=", this.#organization)
      .where("state", "=", "approved");
    return new Map(this.#tx.queries.all(query).map((row) => [row.kuid, row.addresses]));
  }
}

/** `isPart`: of an inventory that has more than are here. */
function isAddresses(value: unknown): value is Addresses & { readonly isPart?: unknown } {
  return isRecord(value) && isTexts(value.addresses) && isTexts(value.macs);
}
