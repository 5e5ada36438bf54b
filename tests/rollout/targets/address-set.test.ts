import * as fc from "fast-check";
import { IPv4, IPv4CidrRange, IPv6, IPv6CidrRange, RangedSet } from "ip-num";
import { describe, expect, it } from "vitest";
import { type Family, formatAddress, IPV4, IPV6, parseAddress } from "../../../provider/rollout/targets/address.ts";
import { AddressSet } from "../../../provider/rollout/targets/address-set.ts";
import { readRange } from "../../../provider/rollout/targets/ranges.ts";

/** Addresses that lie near each other and near the edges of octets, so that sets meet. */
const nearby = fc.integer({ min: 0, max: 700 }).map((offset) => 0x0a00_ff00n + BigInt(offset));
const stretch = fc.tuple(nearby, nearby).map(([a, b]) => (a < b ? { first: a, last: b } : { first: b, last: a }));
const stretches = fc.array(stretch, { maxLength: 8 });

function setOf(family: Family, parts: readonly { first: bigint; last: bigint }[]): AddressSet {
  return AddressSet.union(
    family,
    parts.map(({ first, last }) => AddressSet.interval(family, first, last)),
  );
}

function valuesOf(set: AddressSet, skip = 0n): bigint[] {
  const values: bigint[] = [];
  for (const { first, last } of set.runs(skip)) for (let value = first; value <= last; value += 1n) values.push(value);
  return values;
}

/** The same by the plainest means. */
function plainly(parts: readonly { first: bigint; last: bigint }[]): Set<bigint> {
  const values = new Set<bigint>();
  for (const { first, last } of parts) for (let value = first; value <= last; value += 1n) values.add(value);
  return values;
}

const inOrder = (values: Iterable<bigint>) => [...values].sort((a, b) => Number(a - b));

describe.each([
  ["IPv4", IPV4, 0n],
  ["IPv6", IPV6, 0xfd00n << 112n],
])("a set of %s addresses", (_name, family, base) => {
  const moved = (parts: readonly { first: bigint; last: bigint }[]) =>
    parts.map(({ first, last }) => ({ first: base + first, last: base + last }));

  it("joins, takes away, counts, knows its members and begins anywhere, as plain sets do", () => {
    fc.assert(
      fc.property(stretches, stretches, fc.integer({ min: 0, max: 800 }), (some, others, skip) => {
        const [included, excluded] = [moved(some), moved(others)];
        const set = setOf(family, included).minus(setOf(family, excluded));
        const gone = plainly(excluded);
        const expected = inOrder([...plainly(included)].filter((value) => !gone.has(value)));
        expect(valuesOf(set)).toEqual(expected);
        expect(set.count).toBe(BigInt(expected.length));
        expect(valuesOf(set, BigInt(skip))).toEqual(expected.slice(skip));
        for (const value of [...expected.slice(0, 5), ...[...gone].slice(0, 5)])
          expect(set.has({ family, value })).toBe(expected.includes(value));
      }),
      { numRuns: 60 },
    );
  });

  it("is made of single addresses as of stretches, in any order and however often each is there", () => {
    fc.assert(
      fc.property(fc.array(nearby, { maxLength: 60 }), stretches, (values, others) => {
        const singles = values.map((value) => base + value);
        const set = AddressSet.of(family, singles);
        const stretched = singles.map((value) => ({ first: value, last: value }));
        expect(valuesOf(set)).toEqual(inOrder(new Set(singles)));
        expect(set.count).toBe(setOf(family, stretched).count);
        const joined = AddressSet.union(family, [set, setOf(family, moved(others))]);
        expect(valuesOf(joined)).toEqual(inOrder(plainly([...stretched, ...moved(others)])));
      }),
      { numRuns: 60 },
    );
  });

  it("has of any stretch its ends and not their neighbours, and counts it exactly", () => {
    const top = (1n << BigInt(family.digits * family.digitBits)) - 1n;
    const value = fc.bigInt({ min: 1n, max: top - 1n });
    fc.assert(
      fc.property(value, value, (a, b) => {
        const [first, last] = a < b ? [a, b] : [b, a];
        const set = AddressSet.interval(family, first, last);
        expect(set.count).toBe(last - first + 1n);
        const asked = [first - 1n, first, last, last + 1n];
        expect(asked.map((one) => set.has({ family, value: one }))).toEqual([false, true, true, false]);
      }),
      { numRuns: 100 },
    );
  });
});

describe("addresses are read and written as ip-num does", () => {
  it("IPv4", () => {
    fc.assert(
      fc.property(fc.bigInt({ min: 0n, max: 2n ** 32n - 1n }), (value) => {
        const text = formatAddress(IPV4, value);
        expect(text).toBe(new IPv4(value).toString());
        expect(parseAddress(text)).toEqual({ family: IPV4, value });
      }),
      { numRuns: 100 },
    );
  });

  it("IPv6, also in short", () => {
    const group = fc.oneof(fc.constant(0), fc.constant(0), fc.integer({ min: 0, max: 0xffff }));
    fc.assert(
      fc.property(fc.array(group, { minLength: 8, maxLength: 8 }), (groups) => {
        const long = groups.map((one) => one.toString(16)).join(":");
        const value = new IPv6(long).value;
        const text = formatAddress(IPV6, value);
        expect(parseAddress(long)).toEqual({ family: IPV6, value });
        expect(parseAddress(text)).toEqual({ family: IPV6, value });
        expect(parseAddress(text.toUpperCase())).toEqual({ family: IPV6, value });
      }),
      { numRuns: 200 },
    );
  });

  it.each([
    ["0:0:0:0:0:0:0:0", "::"],
    ["0:0:0:0:0:0:0:1", "::1"],
    ["1:0:0:0:0:0:0:0", "1::"],
    ["2001:db8:0:0:1:0:0:1", "2001:db8::1:0:0:1"],
    ["2001:db8:0:1:1:1:1:1", "2001:db8:0:1:1:1:1:1"],
    ["2001:0:0:1:0:0:0:1", "2001:0:0:1::1"],
    ["64:ff9b::192.0.2.33", "64:ff9b::c000:221"],
    ["ABCD::EF", "abcd::ef"],
  ])("%s in short is %s (RFC 5952)", (long, short) => {
    const address = parseAddress(long);
    expect(address === undefined ? undefined : formatAddress(address.family, address.value)).toBe(short);
  });
});

describe("networks are those of ip-num", () => {
  it("IPv4", () => {
    fc.assert(
      fc.property(fc.bigInt({ min: 0n, max: 2n ** 32n - 1n }), fc.integer({ min: 0, max: 32 }), (value, length) => {
        const oracle = RangedSet.fromCidrRange(IPv4CidrRange.fromCidr(`${new IPv4(value).toString()}/${length}`));
        expectSame(`${oracle.getFirst().toString()}/${length}`, oracle);
      }),
      { numRuns: 100 },
    );
  });

  it("IPv6", () => {
    fc.assert(
      fc.property(fc.bigInt({ min: 0n, max: 2n ** 128n - 1n }), fc.integer({ min: 0, max: 128 }), (value, length) => {
        const oracle = RangedSet.fromCidrRange(IPv6CidrRange.fromCidr(`${new IPv6(value).toString()}/${length}`));
        const first = oracle.getFirst().toString();
        if (!/^0*:0*:0*:0*:0*:f+:/.test(first)) expectSame(`${first}/${length}`, oracle);
      }),
      { numRuns: 100 },
    );
  });

  function expectSame(network: string, oracle: RangedSet<IPv4> | RangedSet<IPv6>): void {
    const read = readRange(network);
    if (read.kind !== "range") throw new Error(`${network} is no range`);
    const [run, more] = [read.set.runs().next().value, read.set.count];
    expect(run?.first).toBe(oracle.getFirst().value);
    expect(more).toBe(oracle.getSize());
    expect(read.set.has({ family: read.set.family, value: oracle.getLast().value })).toBe(true);
  }
});

describe("a range by octets", () => {
  it("has every combination of its octets, once", () => {
    const octet = fc.tuple(fc.integer({ min: 0, max: 255 }), fc.integer({ min: 0, max: 3 }));
    fc.assert(
      fc.property(fc.tuple(octet, octet, octet, octet), fc.constantFrom(".", " "), (octets, separator) => {
        const ranges = octets.map(([from, more]) => ({ from, to: Math.min(255, from + more) }));
        const text = ranges.map(({ from, to }) => (from === to ? `${from}` : `${from}-${to}`)).join(separator);
        let expected = [0n];
        for (const { from, to } of ranges) {
          const digits = Array.from({ length: to - from + 1 }, (_, index) => BigInt(from + index));
          expected = expected.flatMap((head) => digits.map((digit) => head * 256n + digit));
        }
        const read = readRange(text);
        if (read.kind === "fault") throw new Error(read.message);
        expect(read.kind === "single" ? [read.address.value] : valuesOf(read.set)).toEqual(expected);
      }),
      { numRuns: 60 },
    );
  });

  it("is never more than a few nodes, however many addresses it has", () => {
    const read = readRange("1-223.0-255.0-255.1-254");
    if (read.kind !== "range") throw new Error(read.kind);
    const without = read.set.minus(AddressSet.interval(IPV4, 0x0a00_0000n, 0x0aff_ffffn));
    expect(without.count).toBe(222n * 256n * 256n * 254n);
    expect(formatAddress(IPV4, [...take(without.runs(9n * 256n * 256n * 254n), 1)][0]?.first ?? 0n)).toBe("11.0.0.1");
  });
});

function* take<T>(items: Iterable<T>, count: number): Generator<T> {
  let left = count;
  for (const item of items) {
    if (left-- === 0) return;
    yield item;
  }
}
