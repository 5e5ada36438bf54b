import { isIPv4, isIPv6 } from "node:net";

/** A family of addresses: how many digits an address has, and how many bits a digit. */
export interface Family {
  readonly version: 4 | 6;
  /** Octets for IPv4, groups of 16 bits for IPv6. */
  readonly digits: number;
  readonly digitBits: number;
}

export const IPV4: Family = { version: 4, digits: 4, digitBits: 8 };
export const IPV6: Family = { version: 6, digits: 8, digitBits: 16 };

/** An address as a number of its family. */
export interface Address {
  readonly family: Family;
  readonly value: bigint;
}

/** How many bits an address of a family has. */
export function bitsOf(family: Family): number {
  return family.digits * family.digitBits;
}

/** An address of one machine, or `undefined` if the text is none. A zone (`%eth0`) is no part of an address. */
export function parseAddress(text: string): Address | undefined {
  if (isIPv4(text)) return { family: IPV4, value: numberOf(IPV4, text.split(".").map(Number)) };
  if (isIPv6(text) && !text.includes("%")) return { family: IPV6, value: numberOf(IPV6, groupsOf(text)) };
  return undefined;
}

/**
 * An address in its canonical form: dotted for IPv4, RFC 5952 for IPv6.
 *
 * @example formatAddress(IPV6, 0xfd00n << 112n) // "fd00::"
 */
export function formatAddress(family: Family, value: bigint): string {
  return family.version === 4 ? formatIpv4(Number(value)) : formatGroups(digitsOf(family, value));
}

/** {@link formatAddress} for IPv4, without the cost of large numbers. */
export function formatIpv4(value: number): string {
  return `${value >>> 24}.${(value >>> 16) & 255}.${(value >>> 8) & 255}.${value & 255}`;
}

/** The digits of an address, the highest first. */
export function digitsOf({ digits, digitBits }: Family, value: bigint): number[] {
  const mask = (1n << BigInt(digitBits)) - 1n;
  return Array.from({ length: digits }, (_, index) =>
    Number((value >> BigInt((digits - 1 - index) * digitBits)) & mask),
  );
}

/** The IPv4 address that an IPv6 one of the form `::ffff:a.b.c.d` stands for (RFC 4291, 2.5.5.2). */
export function mappedIpv4({ family, value }: Address): string | undefined {
  return family.version === 6 && value >> 32n === 0xffffn ? formatIpv4(Number(value & 0xffff_ffffn)) : undefined;
}

function numberOf({ digitBits }: Family, digits: readonly number[]): bigint {
  return digits.reduce((value, digit) => (value << BigInt(digitBits)) | BigInt(digit), 0n);
}

function groupsOf(text: string): number[] {
  const [before = "", after] = text.split("::");
  const head = partsOf(before);
  if (after === undefined) return head;
  const tail = partsOf(after);
  return [...head, ...new Array<number>(IPV6.digits - head.length - tail.length).fill(0), ...tail];
}

function partsOf(text: string): number[] {
  if (text === "") return [];
  return text.split(":").flatMap((part) => {
    if (!part.includes(".")) return [Number.parseInt(part, 16)];
    const [a = 0, b = 0, c = 0, d = 0] = part.split(".").map(Number);
    return [a * 256 + b, c * 256 + d];
  });
}

/** RFC 5952: the longest run of two zero groups or more is left out, the first of those equally long. */
function formatGroups(groups: readonly number[]): string {
  let best = { start: 0, length: 1 };
  for (let start = 0; start < groups.length; start += 1) {
    let end = start;
    while (groups[end] === 0) end += 1;
    if (end - start > best.length) best = { start, length: end - start };
  }
  const hex = groups.map((group) => group.toString(16));
  if (best.length === 1) return hex.join(":");
  return `${hex.slice(0, best.start).join(":")}::${hex.slice(best.start + best.length).join(":")}`;
}
