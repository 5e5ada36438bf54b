import { readFileSync } from "node:fs";

const LEAD_BYTES = 96;
const INTRO_BYTES = 16;
const ENTRY_BYTES = 16;
const TAGS = {
  name: 1000,
  version: 1001,
  release: 1002,
  architecture: 1022,
  preinstall: 1023,
  postinstall: 1024,
  preremove: 1025,
  postremove: 1026,
  directoryIndexes: 1116,
  baseNames: 1117,
  directoryNames: 1118,
} as const;

type Tag = keyof typeof TAGS;

/** What an RPM package says of itself, read as its format is defined (LSB 5.0, chapter 25): rpm need not be installed. */
export type RpmFile = {
  /** The text of a tag, or undefined where the package has none. */
  readonly text: (tag: Tag) => string | undefined;
  /** Absolute paths of all files and folders. */
  readonly paths: readonly string[];
};

/** @throws Error where the file is no RPM package */
export function readRpm(path: string): RpmFile {
  const bytes = readFileSync(path);
  if (bytes.readUInt32BE(0) !== 0xedabeedb) throw new Error(`${path} is no RPM package`);
  const signatures = headerAt(bytes, LEAD_BYTES);
  // The signature header is padded to eight bytes.
  const header = headerAt(bytes, Math.ceil(signatures.end / 8) * 8);
  const baseNames = header.texts("baseNames");
  const directories = header.texts("directoryNames");
  const indexes = header.numbers("directoryIndexes");
  const paths = baseNames.map((name, index) => `${directories[indexes[index] ?? -1] ?? "?"}${name}`);
  return { text: (tag) => header.texts(tag)[0], paths };
}

function headerAt(bytes: Buffer, start: number) {
  if (bytes.readUInt32BE(start) !== 0x8eade801) throw new Error(`no RPM header at byte ${start}`);
  const entries = bytes.readUInt32BE(start + 8);
  const store = start + INTRO_BYTES + entries * ENTRY_BYTES;
  const find = (tag: Tag) => {
    for (let index = 0; index < entries; index += 1) {
      const at = start + INTRO_BYTES + index * ENTRY_BYTES;
      if (bytes.readUInt32BE(at) === TAGS[tag]) {
        return { offset: store + bytes.readUInt32BE(at + 8), count: bytes.readUInt32BE(at + 12) };
      }
    }
    return undefined;
  };
  const texts = (tag: Tag): string[] => {
    const found = find(tag);
    const result: string[] = [];
    let at = found?.offset ?? 0;
    for (let index = 0; index < (found?.count ?? 0); index += 1) {
      const end = bytes.indexOf(0, at);
      result.push(bytes.toString("utf8", at, end));
      at = end + 1;
    }
    return result;
  };
  const numbers = (tag: Tag): number[] => {
    const found = find(tag);
    return Array.from({ length: found?.count ?? 0 }, (_, index) =>
      bytes.readUInt32BE((found?.offset ?? 0) + 4 * index),
    );
  };
  return { end: store + bytes.readUInt32BE(start + 12), texts, numbers };
}
