import { IPV4, parseAddress } from "./address.ts";
import { AddressSet } from "./address-set.ts";
import { type AddressItem, type Fault, fault, quoted } from "./reading.ts";

const MAX_OCTET = 255;

interface OctetRange {
  readonly from: number;
  readonly to: number;
}

/** What is wrong with one octet, and what it most likely should be. */
interface OctetFault {
  readonly problem: string;
  readonly repair: string | undefined;
}

/**
 * Reads an address or a range by octets, written with dots or, as the appliance's own forms do, with spaces
 * (`192 168 2-5 1-200`). Nothing is cut to fit: what is beyond 255 or runs backwards is a fault with its repair.
 *
 * @example readOctets("192.168.5-2.1-300") // a fault that suggests "192.168.2-5.1-255"
 */
export function readOctets(text: string): AddressItem | Fault {
  const plain = parseAddress(text);
  if (plain !== undefined) return { kind: "single", address: plain };
  const parts = text.includes(".") ? text.split(".") : text.split(/\s+/);
  if (parts.length !== IPV4.digits) return wrongCount(parts);
  const octets = parts.map((part) => readOctet(part.trim()));
  const faults = octets.flatMap((octet, index) =>
    "problem" in octet ? [`octet ${index + 1}, ${quoted((parts[index] ?? "").trim())}, ${octet.problem}`] : [],
  );
  if (faults.length > 0) return fault(faults.join("; "), repaired(octets));
  const ranges = octets.filter((octet) => "from" in octet);
  if (parts.some((part) => part.includes("-"))) return { kind: "range", set: AddressSet.digitRanges(IPV4, ranges) };
  const value = ranges.reduce((number, { from }) => number * 256 + from, 0);
  return { kind: "single", address: { family: IPV4, value: BigInt(value) } };
}

function wrongCount(parts: readonly string[]): Fault {
  const count = `has ${parts.length} octet${parts.length === 1 ? "" : "s"}, and an address has ${IPV4.digits}`;
  const isBeginning = parts.length === 3 && parts.every((part) => "from" in readOctet(part.trim()));
  return fault(count, isBeginning ? [...parts.map((part) => part.trim()), `0-${MAX_OCTET}`].join(".") : undefined);
}

function repaired(octets: readonly (OctetRange | OctetFault)[]): string | undefined {
  const texts = octets.map((octet) => ("problem" in octet ? octet.repair : formatRange(octet)));
  return texts.includes(undefined) ? undefined : texts.join(".");
}

function formatRange({ from, to }: OctetRange): string {
  return from === to ? `${from}` : `${from}-${to}`;
}

function readOctet(text: string): OctetRange | OctetFault {
  if (text === "") return { problem: "is empty", repair: undefined };
  if (text === "*") return { problem: "is no number", repair: `0-${MAX_OCTET}` };
  const match = /^(\d*)(?:(-)(\d*))?$/.exec(text);
  if (match === null) return { problem: "is no number and no range of numbers", repair: undefined };
  const [, first = "", hyphen, second = ""] = match;
  if (first === "") return { problem: "has no beginning", repair: undefined };
  if (hyphen !== undefined && second === "") return { problem: "has no end", repair: undefined };
  const [from, to] = [Number(first), hyphen === undefined ? Number(first) : Number(second)];
  const problems: string[] = [];
  if (hasLeadingZero(first) || hasLeadingZero(second))
    problems.push("has a leading zero, which some programs read as octal");
  if (from > to) problems.push("runs from high to low");
  if (Math.max(from, to) > MAX_OCTET) problems.push(`goes beyond ${MAX_OCTET}`);
  if (problems.length === 0) return { from, to };
  const [low, high] = [Math.min(from, to), Math.max(from, to)];
  // A range whose lower end is right was meant to end at the top; a single number may have been meant to be any other.
  const isPlain = low <= MAX_OCTET && (hyphen !== undefined || high <= MAX_OCTET);
  return {
    problem: problems.join(" and "),
    repair: isPlain ? formatRange({ from: low, to: Math.min(high, MAX_OCTET) }) : undefined,
  };
}

function hasLeadingZero(digits: string): boolean {
  return digits.length > 1 && digits.startsWith("0");
}
