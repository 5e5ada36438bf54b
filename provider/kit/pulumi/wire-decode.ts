import { ProviderError } from "../define/errors.ts";
import type { Path } from "../define/path.ts";
import type { AssetSource, Value, ValueMap } from "../define/value.ts";
import { Archive, Asset, OutputValue, ResourceReference, Secret, setKey, Unknown } from "../define/value.ts";
import type { ListValue, Struct, WireValue } from "./proto.ts";
import { WireValue as WireMessage } from "./proto.ts";
import { eachField, getField, MAX_NESTING } from "./struct-fields.ts";
import {
  ARCHIVE_SIGNATURE,
  ASSET_SIGNATURE,
  EMPTY_TEXT_HASH,
  OUTPUT_SIGNATURE,
  RESOURCE_SIGNATURE,
  SECRET_SIGNATURE,
  SIGNATURE_KEY,
  unknownKindOf,
} from "./wire-signatures.ts";

const { KindCase } = WireMessage;

/**
 * Reads the properties of a request; an absent Struct is an empty map.
 * @throws ProviderError `invalid-input` with the path of what is malformed; the message never holds a value
 */
export function decodeMap(struct: Struct | undefined): ValueMap {
  const decoder = new Decoder([]);
  if (struct === undefined) return {};
  if (getField(struct, SIGNATURE_KEY) !== undefined) decoder.fail("properties cannot be a special value themselves");
  return decoder.map(struct);
}

/**
 * Reads one value. `path` is where it stands, for messages.
 * @throws ProviderError as {@link decodeMap} does
 */
export function decodeValue(wire: WireValue, path: Path = []): Value {
  return new Decoder(path).value(wire);
}

/** One walk over one tree. The path is kept up to date in place, so that it costs nothing until something is wrong. */
class Decoder {
  readonly #path: (string | number)[];
  #depth = 0;

  constructor(path: Path) {
    this.#path = [...path];
  }

  fail(message: string): never {
    throw new ProviderError({ code: "invalid-input", message, path: this.#path.slice(0, 20) });
  }

  value(wire: WireValue): Value {
    if (this.#depth >= MAX_NESTING) this.fail(`values are nested deeper than ${MAX_NESTING} levels`);
    this.#depth += 1;
    const value = this.#any(wire);
    this.#depth -= 1;
    return value;
  }

  map(struct: Struct): ValueMap {
    const map: Record<string, Value> = {};
    eachField(struct, (name, wire) => setKey(map, name, this.#at(name, wire)));
    return map;
  }

  #at(step: string | number, wire: WireValue): Value {
    this.#path.push(step);
    const value = this.value(wire);
    this.#path.pop();
    return value;
  }

  #any(wire: WireValue): Value {
    switch (wire.getKindCase()) {
      case KindCase.STRING_VALUE: {
        const text = wire.getStringValue();
        const kind = unknownKindOf(text);
        return kind === undefined ? text : new Unknown(kind);
      }
      case KindCase.NUMBER_VALUE: {
        const number = wire.getNumberValue();
        return Number.isFinite(number) ? number : this.fail("a number must be finite");
      }
      case KindCase.BOOL_VALUE:
        return wire.getBoolValue();
      case KindCase.NULL_VALUE:
        return null;
      case KindCase.STRUCT_VALUE: {
        const struct = wire.getStructValue();
        return struct === undefined ? {} : this.#object(struct);
      }
      case KindCase.LIST_VALUE:
        return this.#list(wire.getListValue());
      default:
        return this.fail("the value has no kind");
    }
  }

  #list(list: ListValue | undefined): readonly Value[] {
    return list === undefined ? [] : list.getValuesList().map((item, index) => this.#at(index, item));
  }

  #object(struct: Struct): Value {
    const signature = getField(struct, SIGNATURE_KEY);
    if (signature === undefined) return this.map(struct);
    switch (signature.getStringValue()) {
      case SECRET_SIGNATURE:
        return new Secret(this.value(getField(struct, "value") ?? this.fail("a secret has no value")));
      case OUTPUT_SIGNATURE:
        return this.#output(struct);
      case RESOURCE_SIGNATURE:
        return this.#reference(struct);
      case ASSET_SIGNATURE:
        return this.#asset(struct);
      case ARCHIVE_SIGNATURE:
        return this.#archive(struct);
      default:
        return this.fail(`an object with the key "${SIGNATURE_KEY}" must be a special value that this provider knows`);
    }
  }

  #output(struct: Struct): OutputValue {
    const value = getField(struct, "value");
    const secret = getField(struct, "secret");
    if (secret !== undefined && !secret.hasBoolValue()) this.fail('"secret" of an output must be a boolean');
    const dependencies = getField(struct, "dependencies");
    if (dependencies !== undefined && !dependencies.hasListValue()) {
      this.fail('"dependencies" of an output must be a list of URNs');
    }
    return new OutputValue({
      value: value === undefined ? undefined : this.value(value),
      secret: secret?.getBoolValue() ?? false,
      dependencies: (dependencies?.getListValue()?.getValuesList() ?? []).map((urn) =>
        urn.hasStringValue() ? urn.getStringValue() : this.fail('"dependencies" of an output must be a list of URNs'),
      ),
    });
  }

  #reference(struct: Struct): ResourceReference {
    return new ResourceReference({
      urn: this.#text(struct, "urn", "a reference to a resource") ?? this.fail("a reference to a resource has no URN"),
      id: this.#referenceId(struct),
      packageVersion: this.#text(struct, "packageVersion", "a reference to a resource") ?? "",
      type: this.#text(struct, "type", "a reference to a resource") ?? "",
      name: this.#text(struct, "name", "a reference to a resource") ?? "",
    });
  }

  /** The engine writes an id that is not known yet as empty text, the SDKs as an unknown value or an output. */
  #referenceId(struct: Struct): string | Unknown | undefined {
    const field = getField(struct, "id");
    if (field === undefined) return undefined;
    let id = this.value(field);
    if (id instanceof OutputValue) id = id.value ?? new Unknown();
    if (id === "") return new Unknown();
    if (typeof id === "string" || id instanceof Unknown) return id;
    return this.fail('"id" of a reference to a resource must be text');
  }

  #asset(struct: Struct): Asset {
    const hash = this.#text(struct, "hash", "an asset") ?? "";
    const located = this.#located(struct, "an asset");
    const text = this.#text(struct, "text", "an asset");
    if (located !== undefined) return new Asset(located, hash);
    // The engine leaves an empty text out.
    if (text !== undefined || hash === EMPTY_TEXT_HASH) return new Asset({ kind: "text", text: text ?? "" }, hash);
    return new Asset({ kind: "elided" }, hash);
  }

  #archive(struct: Struct): Archive {
    const hash = this.#text(struct, "hash", "an archive") ?? "";
    const located = this.#located(struct, "an archive");
    const members = getField(struct, "assets");
    if (members !== undefined && !members.hasStructValue()) this.fail('"assets" of an archive must be an object');
    if (located !== undefined) return new Archive(located, hash);
    if (members === undefined) return new Archive({ kind: "elided" }, hash);
    const assets: Record<string, Asset | Archive> = {};
    this.#depth += 1;
    const contents = members.getStructValue();
    if (contents !== undefined) {
      eachField(contents, (name, wire) => {
        const member = this.#at(name, wire);
        if (!(member instanceof Asset || member instanceof Archive)) {
          this.#path.push(name);
          this.fail("a member of an archive must be an asset or an archive");
        }
        setKey(assets, name, member);
      });
    }
    this.#depth -= 1;
    return new Archive({ kind: "assets", assets }, hash);
  }

  #located(struct: Struct, what: string): Exclude<AssetSource, { kind: "text" | "elided" }> | undefined {
    const path = this.#text(struct, "path", what) ?? "";
    const uri = this.#text(struct, "uri", what) ?? "";
    if (path !== "") return { kind: "path", path };
    return uri === "" ? undefined : { kind: "uri", uri };
  }

  #text(struct: Struct, name: string, what: string): string | undefined {
    const field = getField(struct, name);
    if (field === undefined) return undefined;
    if (!field.hasStringValue()) return this.fail(`"${name}" of ${what} must be text`);
    const text = field.getStringValue();
    return unknownKindOf(text) === undefined ? text : this.fail(`"${name}" of ${what} must be known`);
  }
}
