import type { Path } from "../../kit/define/path.ts";
import { type Address, type Family, IPV4, IPV6 } from "./address.ts";
import { AddressSet } from "./address-set.ts";
import { type Item, itemsOf, type ListOrText } from "./items.ts";
import { MAX_NAMES, readNames } from "./name-patterns.ts";
import { looksLikeAddress, readRange } from "./ranges.ts";
import { type AddressItem, type Fault, fault, quoted } from "./reading.ts";
import { TargetSet } from "./target-set.ts";

/** Which machines a user means. What is left out adds nothing. */
export interface TargetSpec {
  readonly ipRanges?: ListOrText | undefined;
  readonly ips?: ListOrText | undefined;
  readonly hostnames?: ListOrText | undefined;
  /** Any of the forms above. Names take away names, and addresses take away addresses. */
  readonly exclude?: ListOrText | undefined;
}

/** One thing that is wrong with targets, and where. */
export interface TargetProblem {
  readonly path: Path;
  readonly message: string;
  /** What the user most likely meant, written so that it can be pasted. */
  readonly suggestion?: string;
}

export type ParsedTargets =
  | { readonly ok: true; readonly targets: TargetSet }
  | { readonly ok: false; readonly problems: readonly TargetProblem[] };

/** Where no machine has its address (RFC 1122, 3.2.1.3; RFC 4291, 2.4): the beginning and the end of each block. */
const NOBODYS: readonly { readonly set: AddressSet; readonly what: string }[] = [
  { set: AddressSet.interval(IPV4, 0n, 0x00ff_ffffn), what: "0.0.0.0/8 (this network)" },
  { set: AddressSet.interval(IPV4, 0xe000_0000n, 0xefff_ffffn), what: "224.0.0.0/4 (multicast)" },
  { set: AddressSet.interval(IPV4, 0xffff_ffffn, 0xffff_ffffn), what: "255.255.255.255 (broadcast)" },
  { set: AddressSet.interval(IPV6, 0n, 0n), what: ":: (no address)" },
  { set: AddressSet.interval(IPV6, 0xff00n << 112n, (1n << 128n) - 1n), what: "ff00::/8 (multicast)" },
];

/**
 * Reads the targets of a configuration. Every item that is wrong is reported, at its place, with its repair where one
 * is likely; nothing is dropped or cut in silence.
 *
 * @param at where the targets stand in what the user wrote
 * @example parseTargets({ ipRanges: ["192.168.5-2.1-300"] }) // a problem at targets.ipRanges[0]
 */
export function parseTargets(spec: TargetSpec, at: Path = ["targets"]): ParsedTargets {
  const problems: TargetProblem[] = [];
  const report = ({ text, path }: Item, { message, suggestion }: Fault) => {
    // The message already names what it is about where that is only a part of the item.
    const whole = message.startsWith(quoted(text)) ? message : `${quoted(text)}: ${message}`;
    problems.push({ path, message: whole, ...(suggestion === undefined ? {} : { suggestion }) });
  };
  const included = new Collected();
  const excluded = new Collected();

  for (const item of itemsOf(spec.hostnames, [...at, "hostnames"])) {
    const read =
      item.text === "" ? fault("is empty") : looksLikeAddress(item.text) ? noName(item.text) : readNames(item.text);
    const problem = read.kind === "names" ? included.addNames(read.names) : read;
    if (problem !== undefined) report(item, problem);
  }
  for (const item of itemsOf(spec.ips, [...at, "ips"])) {
    const read = readAddresses(item.text, "ips");
    if (read.kind === "range") report(item, fault('is a range; it belongs in "ipRanges"'));
    else if (read.kind === "fault") report(item, meansRange(item.text, read) ? elsewhere(read, "ipRanges") : read);
    else included.addAddresses(read);
  }
  for (const item of itemsOf(spec.ipRanges, [...at, "ipRanges"])) {
    const read = readAddresses(item.text, "ipRanges");
    if (read.kind === "fault") report(item, read);
    else included.addAddresses(read);
  }
  for (const item of itemsOf(spec.exclude, [...at, "exclude"])) {
    if (item.text === "") report(item, fault("is empty"));
    else if (looksLikeAddress(item.text)) {
      const read = readRange(item.text);
      if (read.kind === "fault") report(item, read);
      else excluded.addAddresses(read);
    } else {
      const read = readNames(item.text);
      const problem = read.kind === "names" ? excluded.addNames(read.names) : read;
      if (problem !== undefined) report(item, problem);
    }
  }
  if (problems.length > 0) return { ok: false, problems };
  return { ok: true, targets: included.targets().minus(excluded.targets()) };
}

/** The sentence for a problem, without its place. */
export function describeTargetProblem({ message, suggestion }: TargetProblem): string {
  return suggestion === undefined ? message : `${message}; did you mean ${JSON.stringify(suggestion)}?`;
}

/** Whether what is wrong with a text would be a range once it is right. */
function meansRange(text: string, { suggestion }: Fault): boolean {
  if (suggestion !== undefined) return readRange(suggestion).kind === "range";
  return looksLikeAddress(text) && text.includes("/");
}

/** What is wrong with an item and where it belongs, in one: whoever mends the one would be told the other next. */
function elsewhere({ message, suggestion }: Fault, property: "ips" | "ipRanges"): Fault {
  const what = property === "ips" ? "an address" : "a range";
  // Where it is written now, not even what was meant would be right.
  if (suggestion === undefined) return fault(`${message}; ${what} belongs in "${property}"`);
  return fault(`${message}; did you mean ${JSON.stringify(suggestion)} in "${property}"?`);
}

/** An address where a host name is expected. */
function noName(text: string): Fault {
  const read = readRange(text);
  if (read.kind === "single") return fault('is an address; it belongs in "ips"');
  if (read.kind === "range") return fault('is a range; it belongs in "ipRanges"');
  return elsewhere(read, meansRange(text, read) ? "ipRanges" : "ips");
}

function readAddresses(text: string, property: "ips" | "ipRanges"): AddressItem | Fault {
  if (text === "") return fault("is empty");
  const read = readRange(text);
  if (read.kind === "fault") {
    const isName = !looksLikeAddress(text) && readNames(text).kind === "names";
    return isName ? fault(`looks like a host name; it belongs in "hostnames", not in "${property}"`) : read;
  }
  const nobodys = NOBODYS.find(({ set }) =>
    read.kind === "single" ? set.has(read.address) : haveCommon(read.set, set),
  );
  if (nobodys === undefined) return read;
  return fault(`${read.kind === "single" ? "is in" : "includes"} ${nobodys.what}, where no machine has its address`);
}

function haveCommon(one: AddressSet, other: AddressSet): boolean {
  return one.family.version === other.family.version && one.minus(other).count < one.count;
}

/** What has been read so far. */
class Collected {
  readonly #names = new Set<string>();
  readonly #singles: Address[] = [];
  readonly #ranges: AddressSet[] = [];

  addNames(names: readonly string[]): Fault | undefined {
    for (const name of names) this.#names.add(name);
    if (this.#names.size <= MAX_NAMES) return undefined;
    return fault(`makes ${this.#names.size} host names altogether, and ${MAX_NAMES} is the most there can be`);
  }

  addAddresses(item: AddressItem): void {
    if (item.kind === "single") this.#singles.push(item.address);
    else this.#ranges.push(item.set);
  }

  targets(): TargetSet {
    const singles = { ipv4: this.#singlesOf(IPV4), ipv6: this.#singlesOf(IPV6) };
    const all = { ipv4: this.#with(singles.ipv4), ipv6: this.#with(singles.ipv6) };
    return new TargetSet(this.#names, singles, all);
  }

  #singlesOf(family: Family): AddressSet {
    const own = this.#singles.filter((address) => address.family.version === family.version);
    return AddressSet.of(
      family,
      own.map(({ value }) => value),
    );
  }

  #with(singles: AddressSet): AddressSet {
    const { family } = singles;
    const ranges = this.#ranges.filter((range) => range.family.version === family.version);
    return AddressSet.union(family, [singles, ...ranges]);
  }
}
