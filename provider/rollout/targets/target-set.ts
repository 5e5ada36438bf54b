import { type Address, formatAddress, formatIpv4, IPV4, IPV6, parseAddress } from "./address.ts";
import type { AddressSet } from "./address-set.ts";
import { normalName } from "./name-patterns.ts";
import { addressTarget, namedTarget, type Target } from "./target.ts";

/** The addresses of a set, one family after the other. */
export interface BothFamilies {
  readonly ipv4: AddressSet;
  readonly ipv6: AddressSet;
}

/**
 * The machines that a user means, each once. Holds ranges as ranges: a network of sixteen million addresses costs
 * nothing until it is walked, and then nothing but time.
 */
export class TargetSet {
  readonly #names: ReadonlySet<string>;
  /** Those given one by one. */
  readonly #singles: BothFamilies;
  /** All of them, those given one by one included. */
  readonly #addresses: BothFamilies;

  constructor(names: ReadonlySet<string>, singles: BothFamilies, addresses: BothFamilies) {
    this.#names = names;
    this.#singles = singles;
    this.#addresses = addresses;
  }

  /** How many targets there are, exactly, without walking them. */
  get count(): bigint {
    return BigInt(this.#names.size) + this.#addresses.ipv4.count + this.#addresses.ipv6.count;
  }

  /**
   * The targets, made as they are asked for: host names in the order in which they were given, then IPv4 and then IPv6
   * addresses in rising order.
   *
   * @param offset how many to leave out at the beginning; they are not walked
   */
  *walk(offset = 0n): Generator<Target> {
    let skip = offset;
    if (skip < this.#names.size) {
      let index = 0n;
      for (const name of this.#names) if (index++ >= skip) yield namedTarget(name);
    }
    skip = less(skip, BigInt(this.#names.size));
    yield* this.#walkFamily(this.#addresses.ipv4, this.#singles.ipv4, skip);
    skip = less(skip, this.#addresses.ipv4.count);
    yield* this.#walkFamily(this.#addresses.ipv6, this.#singles.ipv6, skip);
  }

  /** Those given one by one, by name or by address: machines that are expected to be there. */
  named(): Target[] {
    const singles = [this.#singles.ipv4, this.#singles.ipv6];
    return [
      ...[...this.#names].map(namedTarget),
      ...singles.flatMap((set) => [...addressesOf(set)].map((address) => addressTarget(address, "address"))),
    ];
  }

  /** True if a host name or an address (IPv6 with or without brackets) is among the targets. */
  has(nameOrAddress: string): boolean {
    const address = parseAddress(nameOrAddress.replace(/^\[(.*)\]$/, "$1"));
    if (address === undefined) return this.#names.has(normalName(nameOrAddress));
    return familyOf(this.#addresses, address).has(address);
  }

  /** The targets that `other` has not: what a change of the program has taken away. */
  minus(other: TargetSet): TargetSet {
    const names = new Set([...this.#names].filter((name) => !other.#names.has(name)));
    return new TargetSet(names, without(this.#singles, other.#addresses), without(this.#addresses, other.#addresses));
  }

  *#walkFamily(all: AddressSet, singles: AddressSet, skip: bigint): Generator<Target> {
    const given = new Set(addressesOf(singles));
    for (const address of addressesOf(all, skip))
      yield addressTarget(address, given.has(address) ? "address" : "range");
  }
}

/** The addresses of a family in rising order, in their canonical form. */
function* addressesOf(set: AddressSet, skip = 0n): Generator<string> {
  for (const { first, last } of set.runs(skip)) {
    if (set.family.version === 4) {
      for (let value = Number(first); value <= Number(last); value += 1) yield formatIpv4(value);
    } else {
      for (let value = first; value <= last; value += 1n) yield formatAddress(IPV6, value);
    }
  }
}

function less(count: bigint, by: bigint): bigint {
  return count > by ? count - by : 0n;
}

function familyOf(sets: BothFamilies, { family }: Address): AddressSet {
  return family.version === IPV4.version ? sets.ipv4 : sets.ipv6;
}

function without(sets: BothFamilies, other: BothFamilies): BothFamilies {
  return { ipv4: sets.ipv4.minus(other.ipv4), ipv6: sets.ipv6.minus(other.ipv6) };
}
