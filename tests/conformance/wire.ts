/**
 * Property values as they stand on the wire: JSON in which a signature key marks what JSON cannot say. The suite
 * speaks this form itself, without the provider's own codec, so that a fault of the codec cannot hide itself.
 */
export type Json = null | boolean | number | string | readonly Json[] | JsonMap;

export interface JsonMap {
  readonly [key: string]: Json;
}

export type Path = readonly (string | number)[];

export const SIGNATURE = "4dabf18193072939515e22adb298388d";
export const SECRET = "1b47061264138c4ac30d75fd1eb44270";
export const OUTPUT = "d0e6a833031e9bbcd3f4e8bde6ca49a4";
export const REFERENCE = "5cf8f73096256a8f31e491e813e4eb8e";
export const ASSET = "c44067f5952c0a294b673a41bacd8c17";
export const ARCHIVE = "0def7320c3a5731c473e5ecbe6d01bc7";

/** The texts that stand for values that are not known yet, by the type that they will have. */
export const UNKNOWNS = {
  boolean: "1c4a061d-8072-4f0a-a4cb-0ff528b18fe7",
  number: "3eeb2bf0-c639-47a8-9e75-3b44932eb421",
  string: "04da6b54-80e4-46f7-96ec-b56ff0331ba9",
  array: "6a19a0b0-7e62-4c92-b797-7f8e31da9cc2",
  asset: "030794c1-ac77-496b-92df-f27374a8bd58",
  archive: "e48ece36-62e2-4504-bad9-02848725956a",
  object: "dd056dcd-154b-4c76-9bd3-c8f88648b5ff",
} as const;

const SENTINELS: ReadonlySet<Json> = new Set(Object.values(UNKNOWNS));

export function secret(value: Json): JsonMap {
  return { [SIGNATURE]: SECRET, value };
}

export function isMap(value: Json | undefined): value is JsonMap {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** The signature of a special value, `undefined` for plain JSON. */
export function signatureOf(value: Json | undefined): string | undefined {
  const signature = isMap(value) ? value[SIGNATURE] : undefined;
  return typeof signature === "string" ? signature : undefined;
}

/** The value inside secrets and outputs, `undefined` where an output has none; and whether one of them is secret. */
export function open(value: Json): { value: Json | undefined; secret: boolean } {
  let inner: Json | undefined = value;
  let hidden = false;
  for (;;) {
    const signature = signatureOf(inner);
    if (!isMap(inner) || (signature !== SECRET && signature !== OUTPUT)) return { value: inner, secret: hidden };
    hidden ||= signature === SECRET || inner["secret"] === true;
    inner = inner["value"];
  }
}

/** True for a value that is not known yet; what is nested in it is not looked at. */
export function isUnknown(value: Json): boolean {
  const { value: inner } = open(value);
  return inner === undefined || SENTINELS.has(inner);
}

/** What stands below a value: the properties of a map, the items of a list, nothing for files and references. */
export function childrenOf(value: Json): [string | number, Json][] {
  const { value: inner } = open(value);
  if (Array.isArray(inner)) return [...inner.entries()];
  return isMap(inner) && signatureOf(inner) === undefined ? Object.entries(inner) : [];
}

/** Every place in a value from the top down, the value itself (the empty path) left out. */
export function placesOf(value: Json, path: Path = []): { path: Path; value: Json }[] {
  return childrenOf(value).flatMap(([step, child]) => [
    { path: [...path, step], value: child },
    ...placesOf(child, [...path, step]),
  ]);
}

/** The places without anything below them. */
export function leavesOf(value: Json): { path: Path; value: Json }[] {
  return placesOf(value).filter((place) => childrenOf(place.value).length === 0);
}

/** What stands at a path and whether something on the way (the value itself included) is secret or unknown. */
export function look(value: Json, path: Path): { value: Json | undefined; secret: boolean; unknown: boolean } {
  let current: Json | undefined = value;
  let hidden = false;
  for (const step of [...path, undefined]) {
    if (current === undefined) return { value: undefined, secret: hidden, unknown: false };
    if (isUnknown(current)) return { value: current, secret: hidden || open(current).secret, unknown: true };
    if (step === undefined) break;
    const opened = open(current);
    hidden ||= opened.secret;
    const inner: Json | undefined = opened.value;
    if (Array.isArray(inner)) current = typeof step === "number" ? inner[step] : undefined;
    else current = isMap(inner) && Object.hasOwn(inner, step) ? inner[step] : undefined;
  }
  return current === undefined
    ? { value: undefined, secret: hidden, unknown: false }
    : { value: current, secret: hidden || open(current).secret, unknown: false };
}

/** A copy with another value at one path; `undefined` takes the property away. */
export function replaceAt(value: Json, path: Path, change: (old: Json) => Json | undefined): Json {
  const [step, ...rest] = path;
  if (step === undefined) return change(value) ?? null;
  const signature = signatureOf(value);
  if (isMap(value) && (signature === SECRET || signature === OUTPUT)) {
    return { ...value, value: replaceAt(value["value"] ?? null, path, change) };
  }
  const below = (child: Json | undefined): Json | undefined => {
    if (child === undefined) return rest.length === 0 ? change(null) : undefined;
    return rest.length === 0 ? change(child) : replaceAt(child, rest, change);
  };
  if (Array.isArray(value)) return value.map((item: Json, index) => (index === step ? (below(item) ?? null) : item));
  if (!isMap(value)) return value;
  const copy: Record<string, Json> = { ...value };
  const changed = below(Object.hasOwn(value, step) ? value[step] : undefined);
  if (changed === undefined) delete copy[step];
  else copy[step] = changed;
  return copy;
}

/** {@link replaceAt} for maps. */
export function replaceIn(map: JsonMap, path: Path, change: (old: Json) => Json | undefined): JsonMap {
  const changed = replaceAt(map, path, change);
  return isMap(changed) ? changed : map;
}

/** A value without marks of secrets and outputs. */
export function reveal(value: Json): Json {
  const { value: inner } = open(value);
  if (inner === undefined) return UNKNOWNS.string;
  if (Array.isArray(inner)) return inner.map(reveal);
  return isMap(inner) ? Object.fromEntries(Object.entries(inner).map(([key, item]) => [key, reveal(item)])) : inner;
}

/** The texts and numbers that anybody can read, because no secret is around them. */
export function readableTexts(value: Json): string[] {
  if (open(value).secret) return [];
  const { value: inner } = open(value);
  if (typeof inner === "string") return [inner];
  if (typeof inner === "number") return [String(inner)];
  if (Array.isArray(inner)) return inner.flatMap(readableTexts);
  return isMap(inner) ? Object.entries(inner).flatMap(([key, item]) => [key, ...readableTexts(item)]) : [];
}

/** True if a secret stands anywhere in the value. */
export function holdsSecret(value: Json): boolean {
  if (open(value).secret) return true;
  return childrenOf(value).some(([, child]) => holdsSecret(child));
}

/** What the engine sends of recorded files: their hash and no content. */
export function elide(value: Json): Json {
  if (Array.isArray(value)) return value.map(elide);
  if (!isMap(value)) return value;
  const signature = signatureOf(value);
  if (signature === ASSET || signature === ARCHIVE) return { [SIGNATURE]: signature, hash: value["hash"] ?? "" };
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, elide(item)]));
}

/** {@link elide} for maps. */
export function elideMap(map: JsonMap): JsonMap {
  return Object.fromEntries(Object.entries(map).map(([key, item]) => [key, elide(item)]));
}

/** Pulumi's notation of a path. */
export function formatPath(path: Path): string {
  return path
    .map((step, index) =>
      typeof step === "number"
        ? `[${step}]`
        : /^[A-Za-z_$][\w$]*$/.test(step)
          ? `${index === 0 ? "" : "."}${step}`
          : `["${step.replaceAll('"', '\\"')}"]`,
    )
    .join("");
}

/**
 * Reads Pulumi's notation; `undefined` if the text is none. In quotes only the quotation mark is escaped, by a backslash
 * that stands right before it; every other backslash stands for itself.
 */
export function parsePath(text: string): Path | undefined {
  const path: (string | number)[] = [];
  const step = /\.?([^.[]+)|\[(\d+)\]|\["((?:\\"|[^"])*)"\]/y;
  while (step.lastIndex < text.length) {
    const match = step.exec(text);
    if (match === null) return undefined;
    path.push(match[1] ?? (match[2] === undefined ? (match[3] ?? "").replaceAll('\\"', '"') : Number(match[2])));
  }
  return path.length === 0 ? undefined : path;
}
