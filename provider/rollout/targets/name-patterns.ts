import { domainToASCII } from "node:url";
import { looksLikeAddress } from "./ranges.ts";
import { type Fault, fault, quoted } from "./reading.ts";

/**
 * The most host names in one set. Two patterns may name the same machine, so that names, unlike addresses, are held
 * in memory to be counted once.
 */
export const MAX_NAMES = 262_144;

const MAX_NAME_LENGTH = 253; // RFC 1035, 2.3.4, without the dot at the end
const MAX_LABEL_LENGTH = 63;
/** RFC 1123, 2.1, and the underscore, which names of Windows machines have. */
const LABEL = /^[a-z0-9_](?:[a-z0-9_-]*[a-z0-9_])?$/;

/** The host names that an item stands for. */
export interface NameItem {
  readonly kind: "names";
  readonly names: readonly string[];
}

/** A host name as it is compared: lower case (RFC 4343), without the dot at its end. */
export function normalName(text: string): string {
  return text.toLowerCase().replace(/\.$/, "");
}

/**
 * Reads a host name or a pattern of them. Brackets hold numbers (`web[01-50].corp`, as wide as they are written),
 * letters (`rack[a-f]`), a list (`[berlin,paris]`) or several of these.
 *
 * @example readNames("db[1-2].corp") // { kind: "names", names: ["db1.corp", "db2.corp"] }
 */
export function readNames(text: string): NameItem | Fault {
  const foreign = notAName(text);
  if (foreign !== undefined) return foreign;
  const pieces = piecesOf(text);
  if ("message" in pieces) return pieces;
  const count = pieces.reduce((product, { length }) => product * length, 1);
  if (count > MAX_NAMES) return fault(`stands for ${count} host names, and ${MAX_NAMES} is the most there can be`);
  const names = pieces
    .reduce<string[]>((heads, choices) => heads.flatMap((head) => choices.map((choice) => head + choice)), [""])
    .map(normalName);
  for (const name of names) {
    const problem = problemOf(name);
    if (problem === undefined) continue;
    const ascii = domainToASCII(name);
    // The other repairs of a pattern would be those of one of its names.
    const suggestion = names.length === 1 && ascii !== name && problemOf(ascii) === undefined ? ascii : undefined;
    return fault(names.length === 1 ? problem : `stands for ${quoted(name)}: ${problem}`, suggestion);
  }
  return { kind: "names", names };
}

/** What people put where a host name belongs. */
function notAName(text: string): Fault | undefined {
  if (looksLikeAddress(text)) return fault(`${quoted(text)} is an address; it belongs in "ips" or "ipRanges"`);
  const url = /^[a-z][a-z0-9+.-]*:\/\/([^/:@]+@)?([^/:]+)/i.exec(text);
  if (url !== null) return fault("is a URL, not a host name", url[2]);
  const user = /^[^@]*@(.+)$/.exec(text);
  if (user !== null) return fault("has a user name before the host name", user[1]);
  const port = /^([^:]+):\d+$/.exec(text);
  if (port !== null) return fault("has a port behind the host name", port[1]);
  return undefined;
}

/** The parts of a pattern, each as the texts that it may stand for. */
function piecesOf(text: string): string[][] | Fault {
  const pieces: string[][] = [];
  for (const [part] of text.matchAll(/\[[^[\]]*\]|[^[\]]+|[[\]]/g)) {
    if (part === "[" || part === "]") return fault(`has a "${part}" without its "${part === "[" ? "]" : "["}"`);
    if (!part.startsWith("[")) pieces.push([part]);
    else {
      const choices = choicesOf(part.slice(1, -1), (repaired) => text.replace(part, () => `[${repaired}]`));
      if ("message" in choices) return choices;
      pieces.push([...new Set(choices)]);
    }
  }
  return pieces;
}

function choicesOf(list: string, whole: (repaired: string) => string): string[] | Fault {
  const choices: string[] = [];
  const items = list.split(",").map((item) => item.trim());
  for (const item of items) {
    if (item === "") return fault(`has nothing to choose from in ${quoted(`[${list}]`)}`);
    const range = /^(\d+)-(\d+)$|^([a-z])-([a-z])$/i.exec(item);
    if (range === null) {
      choices.push(item);
      continue;
    }
    const [, first = range[3] ?? "", last = range[4] ?? ""] = range;
    const [from, to] =
      range[1] === undefined ? [first.charCodeAt(0), last.charCodeAt(0)] : [Number(first), Number(last)];
    if (from > to) {
      const repaired = items.map((other) => (other === item ? `${last}-${first}` : other)).join(",");
      return fault(`${quoted(`[${item}]`)} runs from high to low`, whole(repaired));
    }
    if (to - from >= MAX_NAMES)
      return fault(
        `${quoted(`[${item}]`)} stands for ${to - from + 1} host names, and ${MAX_NAMES} is the most there can be`,
      );
    const isPadded = [first, last].some((end) => end.length > 1 && end.startsWith("0"));
    const width = isPadded ? Math.max(first.length, isPaddedAlone(first, last) ? 0 : last.length) : 0;
    for (let step = from; step <= to; step += 1)
      choices.push(range[1] === undefined ? String.fromCharCode(step) : String(step).padStart(width, "0"));
  }
  return choices;
}

/** `[01-100]` is 01 to 99 and then 100: the beginning says how wide numbers are. */
function isPaddedAlone(first: string, last: string): boolean {
  return first.startsWith("0") && !last.startsWith("0");
}

function problemOf(name: string): string | undefined {
  if (name === "") return "is empty";
  if (name.length > MAX_NAME_LENGTH)
    return `has ${name.length} characters, and a host name has at most ${MAX_NAME_LENGTH}`;
  const labels = name.split(".");
  for (const label of labels) {
    if (label === "") return "has an empty part between its dots";
    if (label.length > MAX_LABEL_LENGTH)
      return `has a part of ${label.length} characters, and ${MAX_LABEL_LENGTH} is the most there can be`;
    const wrong = /[^a-z0-9_-]/.exec(label);
    if (wrong !== null) return `has a character that no host name has: ${quoted(wrong[0])}`;
    if (!LABEL.test(label)) return `has a part that begins or ends with a hyphen: ${quoted(label)}`;
  }
  // RFC 1123, 2.1: what ends in a number is read as an address.
  return /^\d+$/.test(labels.at(-1) ?? "") && labels.length > 1 ? "ends in a number, as only addresses do" : undefined;
}
