import { ProviderError } from "../define/errors.ts";
import type { Path } from "../define/path.ts";
import type { Value, ValueMap } from "../define/value.ts";
import { Archive, Asset, OutputValue, ResourceReference, Secret, Unknown } from "../define/value.ts";
import { ListValue, Struct, WireValue } from "./proto.ts";
import { MAX_NESTING, setField } from "./struct-fields.ts";
import {
  ARCHIVE_SIGNATURE,
  ASSET_SIGNATURE,
  EMPTY_TEXT_HASH,
  OUTPUT_SIGNATURE,
  RESOURCE_SIGNATURE,
  SECRET_SIGNATURE,
  SIGNATURE_KEY,
  UNKNOWN_TEXTS,
  unknownKindOf,
} from "./wire-signatures.ts";

/** What the receiver understands. What it does not is sent in the plain form that the engine itself would choose. */
export interface EncodeOptions {
  /** If not, a secret is sent as the value that it hides. Default true. */
  readonly acceptSecrets?: boolean;
  /** If not, a reference is sent as the id of the resource, or as its URN if it has no id. Default true. */
  readonly acceptResources?: boolean;
  /** If not, an output is sent as its value, or as an unknown one, marked as a secret if it is one. Default true. */
  readonly acceptOutputs?: boolean;
}

/**
 * Writes properties for a response.
 * @throws ProviderError `internal` with the path of what cannot be sent and its JavaScript type, never its value
 */
export function encodeMap(map: ValueMap, options: EncodeOptions = {}): Struct {
  return new Encoder(options, []).map(map);
}

/**
 * Writes one value. `path` is where it stands, for messages.
 * @throws ProviderError as {@link encodeMap} does
 */
export function encodeValue(value: Value, options: EncodeOptions = {}, path: Path = []): WireValue {
  return new Encoder(options, path).value(value);
}

/** One walk over one tree of values, which may be anything: handlers return what they like. */
class Encoder {
  readonly #options: EncodeOptions;
  readonly #path: (string | number)[];
  #depth = 0;

  constructor(options: EncodeOptions, path: Path) {
    this.#options = options;
    this.#path = [...path];
  }

  #fail(message: string): never {
    throw new ProviderError({ code: "internal", message, path: this.#path.slice(0, 20) });
  }

  map(map: unknown): Struct {
    if (!isPlainObject(map)) this.#fail(`${describeType(map)} cannot be sent to the engine as properties`);
    const struct = new Struct();
    for (const [key, item] of Object.entries(map)) {
      this.#path.push(key);
      if (key === SIGNATURE_KEY) this.#fail("this key is reserved for Pulumi's special values");
      if (!key.isWellFormed()) this.#fail(HALF_CHARACTER);
      setField(struct, key, this.value(item));
      this.#path.pop();
    }
    return struct;
  }

  value(value: unknown): WireValue {
    if (this.#depth >= MAX_NESTING)
      this.#fail(`values are nested deeper than ${MAX_NESTING} levels, or hold themselves`);
    this.#depth += 1;
    const wire = this.#any(value);
    this.#depth -= 1;
    return wire;
  }

  #any(value: unknown): WireValue {
    switch (typeof value) {
      case "string":
        return new WireValue().setStringValue(this.#text(value));
      case "number":
        if (!Number.isFinite(value)) this.#fail(`the number ${value} cannot be sent to the engine`);
        return new WireValue().setNumberValue(value);
      case "boolean":
        return new WireValue().setBoolValue(value);
      case "object":
        return value === null ? new WireValue().setNullValue(0) : this.#object(value);
      default:
        return this.#fail(`${describeType(value)} cannot be sent to the engine`);
    }
  }

  #object(value: object): WireValue {
    if (Array.isArray(value)) return this.#list(value);
    if (value instanceof Secret) return this.#secret(value);
    if (value instanceof Unknown) return text(UNKNOWN_TEXTS[value.kind]);
    if (value instanceof OutputValue) return this.#output(value);
    if (value instanceof Asset) return this.#asset(value);
    if (value instanceof Archive) return this.#archive(value);
    if (value instanceof ResourceReference) return this.#reference(value);
    if (!isPlainObject(value)) this.#fail(`${describeType(value)} cannot be sent to the engine`);
    return new WireValue().setStructValue(this.map(value));
  }

  #list(items: readonly unknown[]): WireValue {
    const list: WireValue[] = [];
    // By index: a hole in a list is a mistake to report, and iteration by method would step over it.
    for (let index = 0; index < items.length; index += 1) {
      this.#path.push(index);
      list.push(this.value(items[index]));
      this.#path.pop();
    }
    return new WireValue().setListValue(new ListValue().setValuesList(list));
  }

  #secret(secret: Secret<unknown>): WireValue {
    const value = this.value(secret.reveal());
    return this.#options.acceptSecrets === false ? value : special(SECRET_SIGNATURE, { value });
  }

  #output(output: OutputValue): WireValue {
    if (this.#options.acceptOutputs === false) {
      const plain = output.value === undefined ? new Unknown() : output.value;
      return this.value(output.secret ? new Secret(plain) : plain);
    }
    const { dependencies } = output;
    return special(OUTPUT_SIGNATURE, {
      value: output.value === undefined ? undefined : this.value(output.value),
      secret: output.secret ? new WireValue().setBoolValue(true) : undefined,
      dependencies: dependencies.length === 0 ? undefined : this.#list(dependencies),
    });
  }

  #reference(reference: ResourceReference): WireValue {
    const { id } = reference;
    if (this.#options.acceptResources === false) return this.value(id ?? reference.urn);
    return special(RESOURCE_SIGNATURE, {
      urn: text(this.#text(reference.urn)),
      // The engine's form of an id that is not known yet is empty text.
      id: id === undefined ? undefined : text(id instanceof Unknown ? "" : this.#text(id)),
      packageVersion: this.#unlessEmpty(reference.packageVersion),
      type: this.#unlessEmpty(reference.type),
      name: this.#unlessEmpty(reference.name),
    });
  }

  #asset({ source, hash }: Asset): WireValue {
    const isLeftOut = source.kind === "text" && source.text === "" && hash === EMPTY_TEXT_HASH;
    return special(ASSET_SIGNATURE, {
      hash: this.#unlessEmpty(hash),
      text: source.kind === "text" && !isLeftOut ? text(this.#text(source.text)) : undefined,
      path: source.kind === "path" ? this.#place(source.path) : undefined,
      uri: source.kind === "uri" ? this.#place(source.uri) : undefined,
    });
  }

  #archive({ source, hash }: Archive): WireValue {
    return special(ARCHIVE_SIGNATURE, {
      hash: this.#unlessEmpty(hash),
      assets: source.kind === "assets" ? this.#members(source.assets) : undefined,
      path: source.kind === "path" ? this.#place(source.path) : undefined,
      uri: source.kind === "uri" ? this.#place(source.uri) : undefined,
    });
  }

  #members(assets: Readonly<Record<string, unknown>>): WireValue {
    for (const [name, member] of Object.entries(assets)) {
      if (member instanceof Asset || member instanceof Archive) continue;
      this.#path.push(name);
      this.#fail(`${describeType(member)} cannot be a member of an archive`);
    }
    return this.value(assets);
  }

  #place(place: string): WireValue {
    return place === ""
      ? this.#fail("an asset or archive without a path or URI cannot be sent")
      : text(this.#text(place));
  }

  #unlessEmpty(content: string): WireValue | undefined {
    return content === "" ? undefined : text(this.#text(content));
  }

  /** Text that means itself. The engine would take some texts for something else, and refuse broken ones. */
  #text(content: unknown): string {
    if (typeof content !== "string") return this.#fail(`${describeType(content)} cannot be sent to the engine as text`);
    if (unknownKindOf(content) !== undefined) {
      this.#fail("this text stands for a value that is not known yet: return an unknown value instead");
    }
    return content.isWellFormed() ? content : this.#fail(HALF_CHARACTER);
  }
}

const HALF_CHARACTER = "this text was cut in the middle of a character (it holds half of a surrogate pair)";

function text(content: string): WireValue {
  return new WireValue().setStringValue(content);
}

function special(signature: string, fields: Readonly<Record<string, WireValue | undefined>>): WireValue {
  const struct = new Struct();
  setField(struct, SIGNATURE_KEY, text(signature));
  for (const [name, field] of Object.entries(fields)) if (field !== undefined) setField(struct, name, field);
  return new WireValue().setStructValue(struct);
}

/** True for what an object literal or JSON makes, also in another realm; false for instances of classes. */
function isPlainObject(value: unknown): value is Readonly<Record<string, unknown>> {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === null || Object.getPrototypeOf(prototype) === null;
}

function describeType(value: unknown): string {
  if (value === undefined) return "undefined";
  if (value === null) return "null";
  if (typeof value !== "object") return `a ${typeof value}`;
  const made: unknown = value.constructor;
  return typeof made === "function" && made.name !== ""
    ? `an object of class ${made.name}`
    : "an object of an unknown class";
}
