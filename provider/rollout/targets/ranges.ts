import { type Address, bitsOf, formatAddress, IPV4, mappedIpv4, parseAddress } from "./address.ts";
import { AddressSet } from "./address-set.ts";
import { readOctets } from "./octets.ts";
import { type AddressItem, type Fault, fault, quoted } from "./reading.ts";

/** Hyphens that word processors and web pages put in the place of the one on the keyboard. */
const TYPOGRAPHIC_HYPHENS = /[\u2010-\u2015\u2212]/g;

/** True if a text can only be meant as an address or range, right or wrong, and not as a host name. */
export function looksLikeAddress(text: string): boolean {
  const plain = text.replace(TYPOGRAPHIC_HYPHENS, "-");
  return /^[\d.\s*/-]*\d[\d.\s*/-]*$/.test(plain) || /^[\da-f]*:[\da-f:.]*:|^[\da-f]*::/i.test(plain);
}

/**
 * Reads an address, a range by octets (`192.168.2-5.1-200`, also with spaces), a network (`10.0.0.0/8`, `fd00::/64`)
 * or a stretch of addresses (`10.0.0.5-10.0.1.20`).
 */
export function readRange(text: string): AddressItem | Fault {
  const hyphenated = text.replace(TYPOGRAPHIC_HYPHENS, "-");
  if (hyphenated !== text) return typographic(hyphenated);
  const compact = text.replace(/\s*-\s*/g, "-");
  if (compact.includes("/")) return readNetwork(compact);
  const ends = compact.split("-");
  if (compact.includes(":")) return ends.length === 1 ? readSingle(compact) : readStretch(ends);
  if (ends.length === 2 && ends.every((end) => end.split(/[.\s]+/).length === IPV4.digits)) return readStretch(ends);
  if (!looksLikeAddress(compact)) return fault(`${quoted(text)} is neither an address nor a range`);
  return readOctets(compact);
}

function typographic(hyphenated: string): Fault {
  const meant = readRange(hyphenated);
  const suggestion = meant.kind === "fault" ? meant.suggestion : hyphenated;
  return fault('uses a dash where a hyphen ("-") is needed', suggestion);
}

function readSingle(text: string): AddressItem | Fault {
  const address = readAddress(text);
  if ("message" in address) return address;
  return { kind: "single", address };
}

function readAddress(text: string): Address | Fault {
  if (text.includes("%")) {
    return fault("has a zone behind the %, which means something on one machine only", text.replace(/%.*$/, ""));
  }
  const address = parseAddress(text);
  if (address === undefined) return fault(`${quoted(text)} is no IPv6 address`);
  const mapped = mappedIpv4(address);
  return mapped === undefined ? address : fault("is an IPv4 address written as an IPv6 one", mapped);
}

function readEnd(text: string): Address | Fault {
  if (text.includes(":")) return readAddress(text);
  const octets = readOctets(text);
  if (octets.kind === "single") return octets.address;
  return octets.kind === "fault" ? octets : fault(`${quoted(text)} is no single address`);
}

function readStretch(ends: readonly string[]): AddressItem | Fault {
  const [first = "", last = ""] = ends;
  if (ends.length !== 2) return fault("has more than two ends; a stretch is one address, a hyphen and another");
  const [low, high] = [readEnd(first), readEnd(last)];
  if ("message" in low) return fault(`its first address: ${low.message}`, either(low.suggestion, last));
  if ("message" in high) return fault(`its last address: ${high.message}`, either(high.suggestion, first, "before"));
  if (low.family !== high.family) return fault("begins and ends in different families of addresses (IPv4 and IPv6)");
  if (low.value > high.value) return fault(`runs from high to low`, `${last}-${first}`);
  return { kind: "range", set: AddressSet.interval(low.family, low.value, high.value) };
}

/** The whole stretch with one end repaired, where that leaves a stretch that is right. */
function either(repair: string | undefined, other: string, place: "before" | "after" = "after"): string | undefined {
  if (repair === undefined) return undefined;
  const whole = place === "after" ? `${repair}-${other}` : `${other}-${repair}`;
  const meant = readStretch(whole.split("-"));
  return meant.kind === "fault" ? meant.suggestion : whole;
}

function readNetwork(text: string): AddressItem | Fault {
  const [base = "", length = "", ...more] = text.split("/");
  if (more.length > 0) return fault("has more than one slash");
  const address = readEnd(base.trim());
  if ("message" in address) return fault(address.message, withPrefix(address.suggestion, length));
  const bits = bitsOf(address.family);
  const mask = address.family.version === 4 ? prefixOfMask(length.trim()) : undefined;
  if (mask !== undefined)
    return fault("has a netmask behind the slash, where the length belongs", `${base.trim()}/${mask}`);
  if (!/^\d{1,3}$/.test(length.trim()) || Number(length) > bits) {
    return fault(
      `${quoted(length.trim())} is no length of an IPv${address.family.version} network; it is from 0 to ${bits}`,
    );
  }
  const hostBits = BigInt(bits - Number(length));
  const first = (address.value >> hostBits) << hostBits;
  if (first !== address.value) {
    const network = `${formatAddress(address.family, first)}/${Number(length)}`;
    return fault(`is an address inside ${network}, not the network itself`, network);
  }
  return { kind: "range", set: AddressSet.interval(address.family, first, first | ((1n << hostBits) - 1n)) };
}

function withPrefix(repair: string | undefined, length: string): string | undefined {
  if (repair === undefined) return undefined;
  const meant = readNetwork(`${repair}/${length}`);
  return meant.kind === "fault" ? meant.suggestion : `${repair}/${length}`;
}

/** 24 for `255.255.255.0`. */
function prefixOfMask(text: string): number | undefined {
  const mask = parseAddress(text);
  if (mask?.family.version !== 4) return undefined;
  const bits = mask.value.toString(2).padStart(32, "0");
  return /^1*0*$/.test(bits) ? bits.lastIndexOf("1") + 1 : undefined;
}
