import { MIN_INNER_LENGTH } from "./secret-forms.ts";

/**
 * Many texts to look for in one pass over another text.
 *
 * The last four UTF-16 units are kept as a rolling 16-bit number. A table with one counter for each such number says
 * "nothing begins like this" for nearly every place of an ordinary text; only where it does not are the few needles
 * of that number compared, longest first; of many that begin alike, as the tokens of one issuer do, all of one length
 * are compared at once. Adding and removing a needle costs its own length, so that calls may come and go at any rate:
 * an Aho-Corasick automaton would have to be built anew for each.
 */
export class NeedleIndex {
  readonly #holders = new Map<string, number>();
  readonly #longByHead = new Map<number, Bucket>();
  readonly #short = new Set<string>();
  /** Needles whose first four units have this number; made with the first needle, as most scopes have none. */
  #heads: Uint16Array | undefined;

  /** Looks for a text from now on. The same text may be added again, and is then looked for until removed as often. */
  add(needle: string): void {
    if (needle === "") return;
    const holders = this.#holders.get(needle) ?? 0;
    this.#holders.set(needle, holders + 1);
    if (holders > 0) return;
    if (needle.length < MIN_INNER_LENGTH) {
      this.#short.add(needle);
      return;
    }
    this.#heads ??= new Uint16Array(HEADS);
    const head = headOf(needle);
    this.#heads[head] = 1;
    const bucket = this.#longByHead.get(head) ?? [];
    this.#longByHead.set(head, bucket);
    const { length } = needle;
    const group = bucket.find((other) => other.length === length);
    if (group !== undefined) group.needles.add(needle);
    else {
      const place = bucket.findIndex((other) => other.length < length);
      bucket.splice(place === -1 ? bucket.length : place, 0, { length, needles: new Set([needle]) });
    }
  }

  /** Undoes one {@link add}. */
  remove(needle: string): void {
    const holders = this.#holders.get(needle);
    if (holders === undefined) return;
    if (holders > 1) {
      this.#holders.set(needle, holders - 1);
      return;
    }
    this.#holders.delete(needle);
    if (needle.length < MIN_INNER_LENGTH) {
      this.#short.delete(needle);
      return;
    }
    const head = headOf(needle);
    const bucket = this.#longByHead.get(head) ?? [];
    const place = bucket.findIndex((group) => group.needles.delete(needle));
    if (bucket[place]?.needles.size === 0) bucket.splice(place, 1);
    if (bucket.length > 0) return;
    this.#longByHead.delete(head);
    if (this.#heads !== undefined) this.#heads[head] = 0;
  }

  /** True if one of the needles stands in the text. */
  isIn(text: string): boolean {
    return this.#find(text, "", 1).length > 0;
  }

  /** The text with `mask` where needles stood; finds that overlap become one. */
  replace(text: string, mask: string): string {
    const finds = this.#find(text, mask, Number.POSITIVE_INFINITY);
    if (finds.length === 0) return text;
    let masked = "";
    let end = 0;
    for (const find of finds) {
      masked += text.slice(end, find.start) + mask;
      end = find.end;
    }
    return masked + text.slice(end);
  }

  /** Finds in the order of the text, none overlapping another, at most `limit`. */
  #find(text: string, mask: string, limit: number): readonly Find[] {
    if (this.#holders.size === 0) return [];
    const finds: Find[] = [];
    this.#findLong(text, mask, finds, limit);
    if (this.#short.size > 0 && finds.length < limit) this.#findShort(text, mask, finds);
    return merge(finds);
  }

  #findLong(text: string, mask: string, finds: Find[], limit: number): void {
    const heads = this.#heads;
    if (heads === undefined) return;
    let head = 0;
    let covered = 0;
    for (let last = 0; last < text.length; last += 1) {
      head = nextHead(head, text.charCodeAt(last));
      if (heads[head] === 0 || last < MIN_INNER_LENGTH - 1) continue;
      const start = last - MIN_INNER_LENGTH + 1;
      for (const group of this.#longByHead.get(head) ?? []) {
        const end = start + group.length;
        // Longest first: neither this group nor those after it reach beyond what is found already.
        if (end <= covered) break;
        const needle = needleAt(text, start, group);
        if (needle === undefined || isPartOfMask(text, start, needle, mask)) continue;
        finds.push({ start, end });
        if (finds.length >= limit) return;
        covered = end;
        break;
      }
    }
  }

  #findShort(text: string, mask: string, finds: Find[]): void {
    for (const needle of this.#short) {
      for (let start = text.indexOf(needle); start !== -1; start = text.indexOf(needle, start + 1)) {
        const end = start + needle.length;
        if (WORD_UNIT.test(text.charAt(start - 1)) || WORD_UNIT.test(text.charAt(end))) continue;
        if (!isPartOfMask(text, start, needle, mask)) finds.push({ start, end });
      }
    }
  }
}

/** Needles of one length that begin with the same four units. */
interface Group {
  readonly length: number;
  readonly needles: Set<string>;
}

/** Groups in the order of length, longest first. */
type Bucket = Group[];

/** Up to this many needles, comparing each is faster than hashing the place in the text. */
const FEW = 4;

function needleAt(text: string, start: number, { length, needles }: Group): string | undefined {
  if (needles.size > FEW) {
    const candidate = text.slice(start, start + length);
    return needles.has(candidate) ? candidate : undefined;
  }
  for (const needle of needles) if (text.startsWith(needle, start)) return needle;
  return undefined;
}

interface Find {
  readonly start: number;
  readonly end: number;
}

const HEADS = 0x10000;

const WORD_UNIT = /[\p{L}\p{N}_]/u;

/** Shifts by four bits, so that a unit is gone from the 16-bit number after three others. */
function nextHead(head: number, unit: number): number {
  return ((head << 4) ^ (unit * 0x9e5)) & (HEADS - 1);
}

function headOf(needle: string): number {
  let head = 0;
  for (let index = 0; index < MIN_INNER_LENGTH; index += 1) head = nextHead(head, needle.charCodeAt(index));
  return head;
}

/** A needle such as "secret" stands in the mask itself: masking it there again would nest masks without end. */
function isPartOfMask(text: string, start: number, needle: string, mask: string): boolean {
  const offset = mask.indexOf(needle);
  return offset !== -1 && start >= offset && text.startsWith(mask, start - offset);
}

function merge(finds: Find[]): readonly Find[] {
  if (finds.length < 2) return finds;
  finds.sort((one, other) => one.start - other.start);
  const merged: { start: number; end: number }[] = [];
  for (const find of finds) {
    const last = merged.at(-1);
    if (last !== undefined && find.start < last.end) last.end = Math.max(last.end, find.end);
    else merged.push({ ...find });
  }
  return merged;
}
