import { type Address, digitsOf, type Family } from "./address.ts";

/*
 * A set of addresses as a decision diagram over their digits: each node says which digits may stand at one place and
 * what may follow each. `10.0-255.0-255.1-254` is four nodes, where a list of intervals would need 65,536; counting,
 * joining and taking away follow the nodes and never the addresses. Nodes are shared, so each pair of them is looked
 * at once.
 */

/** Digits `from` to `to` may stand here, and what `child` says may follow. */
interface Segment {
  readonly from: number;
  readonly to: number;
  readonly child: Node;
}

class Node {
  readonly segments: readonly Segment[];
  /** How many ways there are to go on from here. */
  readonly count: bigint;

  constructor(segments: readonly Segment[], count: bigint) {
    this.segments = segments;
    this.count = count;
  }
}

/** Behind the last digit. */
const END = new Node([], 1n);

/** Addresses that follow each other, both ends included. */
export interface Run {
  readonly first: bigint;
  readonly last: bigint;
}

/** Addresses of one family. Nothing changes a set: joining makes another. */
export class AddressSet {
  readonly family: Family;
  readonly #root: Node | undefined;

  private constructor(family: Family, root: Node | undefined) {
    this.family = family;
    this.#root = root;
  }

  static none(family: Family): AddressSet {
    return new AddressSet(family, undefined);
  }

  /** Every address from `first` to `last`. */
  static interval(family: Family, first: bigint, last: bigint): AddressSet {
    return new AddressSet(family, intervalNode(family, digitsOf(family, first), digitsOf(family, last)));
  }

  /** Every address whose digits lie in these ranges, one range for each digit. */
  static digitRanges(family: Family, ranges: readonly { readonly from: number; readonly to: number }[]): AddressSet {
    return new AddressSet(
      family,
      ranges.reduceRight((child, { from, to }) => nodeOf([{ from, to, child }]) ?? child, END),
    );
  }

  /** Exactly these addresses, in any order, however often each is there. */
  static of(family: Family, values: readonly bigint[]): AddressSet {
    const rising = [...new Set(values)].sort((one, other) => (one < other ? -1 : 1));
    return new AddressSet(family, nodeOfAddresses(rising.map((value) => digitsOf(family, value))));
  }

  /** All of these together, two halves at a time. */
  static union(family: Family, sets: readonly AddressSet[]): AddressSet {
    if (sets.length === 0) return AddressSet.none(family);
    const [only] = sets;
    if (only !== undefined && sets.length === 1) return only;
    const middle = sets.length >> 1;
    const [left, right] = [
      AddressSet.union(family, sets.slice(0, middle)),
      AddressSet.union(family, sets.slice(middle)),
    ];
    return new AddressSet(family, combine(left.#root, right.#root, "either", new Map()));
  }

  /** How many addresses there are, without walking them. */
  get count(): bigint {
    return this.#root?.count ?? 0n;
  }

  has({ family, value }: Address): boolean {
    if (family.version !== this.family.version) return false;
    let node = this.#root;
    for (const digit of digitsOf(family, value)) node = node?.segments.find((segment) => holds(segment, digit))?.child;
    return node !== undefined;
  }

  /** What is here and not there. */
  minus(other: AddressSet): AddressSet {
    return new AddressSet(this.family, combine(this.#root, other.#root, "first only", new Map()));
  }

  /**
   * The addresses in rising order, as runs. `skip` leaves that many addresses out, without walking them.
   */
  *runs(skip = 0n): Generator<Run> {
    if (this.#root !== undefined && skip < this.#root.count)
      yield* runsOf(this.#root, BigInt(this.family.digitBits), 0n, skip);
  }
}

function holds({ from, to }: Segment, digit: number): boolean {
  return from <= digit && digit <= to;
}

/** A node of these segments, or none if there are none; what touches and goes on in the same way is one. */
function nodeOf(segments: readonly Segment[]): Node | undefined {
  const joined: Segment[] = [];
  let count = 0n;
  for (const segment of segments) {
    const last = joined.at(-1);
    if (last !== undefined && last.to + 1 === segment.from && last.child === segment.child)
      joined[joined.length - 1] = { ...last, to: segment.to };
    else joined.push(segment);
    count += BigInt(segment.to - segment.from + 1) * segment.child.count;
  }
  return joined.length === 0 ? undefined : new Node(joined, count);
}

/** The node of addresses by their digits, in rising order, none twice. */
function nodeOfAddresses(addresses: readonly (readonly number[])[]): Node | undefined {
  const build = (place: number, from: number, to: number): Node | undefined => {
    if (place === addresses[from]?.length) return END;
    const segments: Segment[] = [];
    for (let start = from; start < to; ) {
      const digit = addresses[start]?.[place] ?? 0;
      let end = start + 1;
      while (end < to && addresses[end]?.[place] === digit) end += 1;
      const child = build(place + 1, start, end);
      if (child !== undefined) segments.push({ from: digit, to: digit, child });
      start = end;
    }
    return nodeOf(segments);
  };
  return build(0, 0, addresses.length);
}

function intervalNode(family: Family, low: readonly number[], high: readonly number[]): Node {
  const top = 2 ** family.digitBits - 1;
  /** Everything that can follow from this place on: one node for each place, shared by all that need it. */
  const everything: Node[] = [END];
  for (let place = 1; place <= family.digits; place += 1) {
    const child = everything[place - 1] ?? END;
    everything.push(new Node([{ from: 0, to: top, child }], child.count << BigInt(family.digitBits)));
  }
  const build = (place: number, tightLow: boolean, tightHigh: boolean): Node => {
    const all = everything[family.digits - place] ?? END;
    if ((!tightLow && !tightHigh) || place === family.digits) return all;
    const from = tightLow ? (low[place] ?? 0) : 0;
    const to = tightHigh ? (high[place] ?? top) : top;
    if (from === to) return nodeOf([{ from, to, child: build(place + 1, tightLow, tightHigh) }]) ?? all;
    const below = everything[family.digits - place - 1] ?? END;
    const segments: Segment[] = [{ from, to: from, child: tightLow ? build(place + 1, true, false) : below }];
    if (to - from > 1) segments.push({ from: from + 1, to: to - 1, child: below });
    segments.push({ from: to, to, child: tightHigh ? build(place + 1, false, true) : below });
    const node = nodeOf(segments) ?? all;
    return node.count === all.count ? all : node;
  };
  return build(0, true, true);
}

type Seen = Map<Node, Map<Node, Node | undefined>>;

function combine(
  a: Node | undefined,
  b: Node | undefined,
  keep: "either" | "first only",
  seen: Seen,
): Node | undefined {
  if (b === undefined) return a;
  if (a === undefined) return keep === "either" ? b : undefined;
  if (a === b) return keep === "either" ? a : undefined;
  const known = seen.get(a) ?? new Map<Node, Node | undefined>();
  seen.set(a, known);
  if (known.has(b)) return known.get(b);
  const segments: Segment[] = [];
  let [left, right, start] = [0, 0, 0];
  for (;;) {
    const [x, y] = [a.segments[left], b.segments[right]];
    if (x === undefined && y === undefined) break;
    const [fromX, fromY] = [startOf(x, start), startOf(y, start)];
    const from = Math.min(fromX, fromY);
    const [inX, inY] = [fromX === from ? x : undefined, fromY === from ? y : undefined];
    const to = Math.min(inX?.to ?? fromX - 1, inY?.to ?? fromY - 1);
    const child = combine(inX?.child, inY?.child, keep, seen);
    if (child !== undefined) segments.push({ from, to, child });
    start = to + 1;
    if (x !== undefined && x.to < start) left += 1;
    if (y !== undefined && y.to < start) right += 1;
  }
  const node = nodeOf(segments);
  known.set(b, node);
  return node;
}

/** Where a segment begins, of what has not been looked at yet. */
function startOf(segment: Segment | undefined, start: number): number {
  return segment === undefined ? Number.POSITIVE_INFINITY : Math.max(segment.from, start);
}

function* runsOf(node: Node, digitBits: bigint, above: bigint, skip: bigint): Generator<Run> {
  const prefix = above << digitBits;
  let left = skip;
  for (const { from, to, child } of node.segments) {
    const size = BigInt(to - from + 1) * child.count;
    if (left >= size) {
      left -= size;
      continue;
    }
    if (child === END) yield { first: prefix + BigInt(from) + left, last: prefix + BigInt(to) };
    else {
      let rest = left % child.count;
      for (let digit = from + Number(left / child.count); digit <= to; digit += 1) {
        yield* runsOf(child, digitBits, prefix + BigInt(digit), rest);
        rest = 0n;
      }
    }
    left = 0n;
  }
}
