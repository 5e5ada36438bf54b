import { BlockList, isIP, isIPv4 } from "node:net";

/** Tells whether an address (of either family, in any of its forms) lies in a range. */
export type InRange = (address: string) => boolean;

/**
 * Reads a range of addresses: one address, a network (`10.0.0.0/8`, `fd00::/64`), a stretch (`10.0.0.5-10.0.1.20`), or
 * a range by octets (`192.168.2-5.1-200`). Undefined where the text is none.
 *
 * @example addressRange("10.0.0.0/8")?.("10.1.2.3") // true
 */
export function addressRange(text: string): InRange | undefined {
  return inNetwork(text) ?? inStretch(text) ?? inOctets(text);
}

function familyOf(address: string): "ipv4" | "ipv6" | undefined {
  const version = address.includes("%") ? 0 : isIP(address);
  return version === 0 ? undefined : version === 4 ? "ipv4" : "ipv6";
}

function contains(list: BlockList): InRange {
  return (address) => {
    const plain = address.replace(/%.*$/, ""); // the zone of a link-local address says nothing about where it lies
    const family = familyOf(plain);
    return family !== undefined && list.check(plain, family);
  };
}

function inNetwork(text: string): InRange | undefined {
  const [, base = "", length = ""] = /^([\da-fA-F.:]+)\/(\d{1,3})$/.exec(text) ?? [];
  const family = familyOf(base);
  const bits = Number(length);
  if (family === undefined || length === "" || bits > (family === "ipv4" ? 32 : 128)) return undefined;
  const list = new BlockList();
  list.addSubnet(base, bits, family);
  return contains(list);
}

function inStretch(text: string): InRange | undefined {
  const [first = "", last = first, ...more] = text.split("-").map((end) => end.trim());
  const family = familyOf(first);
  if (family === undefined || familyOf(last) !== family || more.length > 0) return undefined;
  const list = new BlockList();
  try {
    list.addRange(first, last, family);
  } catch (error) {
    // It runs from high to low.
    if (error instanceof Error && "code" in error && error.code === "ERR_INVALID_ARG_VALUE") return undefined;
    throw error;
  }
  return contains(list);
}

function inOctets(text: string): InRange | undefined {
  const parts = text.split(".").map((part) => /^(\d{1,3})(?:-(\d{1,3}))?$/.exec(part));
  const octets = parts.flatMap((part) =>
    part === null ? [] : [{ from: Number(part[1]), to: Number(part[2] ?? part[1]) }],
  );
  if (parts.length !== 4 || octets.length !== 4 || octets.some(({ from, to }) => from > to || to > 255))
    return undefined;
  return (address) =>
    isIPv4(address) &&
    address.split(".").every((digits, index) => {
      const octet = octets[index];
      return octet !== undefined && Number(digits) >= octet.from && Number(digits) <= octet.to;
    });
}
