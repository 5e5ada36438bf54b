import * as grpc from "@grpc/grpc-js";
import type { ErrorCode, ErrorDetail } from "../define/errors.ts";
import { describeError } from "../define/errors.ts";
import { Any, errorsPb, providerPb, Struct, statusPb } from "./proto.ts";

/**
 * The gRPC code of each kind of error. The engine takes `INTERNAL`, `UNKNOWN` and `DATA_LOSS` for a sign that the
 * object may be damaged and says so; all others are clean failures, after which nothing has changed.
 */
const CODES: Readonly<Record<ErrorCode, grpc.status>> = {
  "invalid-input": grpc.status.INVALID_ARGUMENT,
  "not-found": grpc.status.NOT_FOUND,
  "already-exists": grpc.status.ALREADY_EXISTS,
  unauthenticated: grpc.status.UNAUTHENTICATED,
  "permission-denied": grpc.status.PERMISSION_DENIED,
  "failed-precondition": grpc.status.FAILED_PRECONDITION,
  conflict: grpc.status.ABORTED,
  unavailable: grpc.status.UNAVAILABLE,
  exhausted: grpc.status.RESOURCE_EXHAUSTED,
  timeout: grpc.status.DEADLINE_EXCEEDED,
  cancelled: grpc.status.CANCELLED,
  unsupported: grpc.status.UNIMPLEMENTED,
  internal: grpc.status.INTERNAL,
};

/** A message travels in a header of the answer, and headers are small. In UTF-16 units, as all lengths here. */
const MAX_MESSAGE_LENGTH = 4_000;

/** What all reasons of an incomplete object, or of wrong inputs, may take together. */
const MAX_REASONS_LENGTH = 32_000;

/**
 * What the details of an error may take. They travel as Base64 in a header too, and the engine's gRPC library drops an
 * answer whose headers take more than 16 MiB: with it, the id of the object would be lost.
 */
const MAX_DETAIL_BYTES = 8 * 1024 * 1024;

/** Cut to a length, with a mark that says so. Half a character, as careless cutting leaves it, breaks gRPC's encoding. */
function bounded(text: string, maxLength: number): string {
  const left = text.length - maxLength;
  return (left > 0 ? `${text.slice(0, maxLength)}... (cut, ${left} characters more)` : text).toWellFormed();
}

/** As many texts as fit, each cut, and how many did not fit. */
function boundedList(texts: readonly string[]): { readonly fitting: readonly string[]; readonly left: number } {
  const fitting: string[] = [];
  let length = 0;
  for (const text of texts) {
    const short = bounded(text, MAX_MESSAGE_LENGTH);
    length += short.length;
    if (length > MAX_REASONS_LENGTH) break;
    fitting.push(short);
  }
  return { fitting, left: texts.length - fitting.length };
}

/** An error in the form that a gRPC server sends. */
class WireStatus extends Error implements grpc.ServiceError {
  readonly code: grpc.status;
  readonly details: string;
  readonly metadata: grpc.Metadata;

  constructor(
    code: grpc.status,
    message: string,
    content: { readonly detail?: Detail; readonly cause?: unknown } = {},
  ) {
    const { detail, cause } = content;
    const short = bounded(message, MAX_MESSAGE_LENGTH);
    super(short, cause === undefined ? undefined : { cause });
    this.name = "WireStatus";
    this.code = code;
    this.details = short;
    this.metadata = new grpc.Metadata();
    if (detail === undefined) return;
    const any = new Any();
    any.pack(detail.bytes, detail.type);
    // The same code and message again: the engine believes the details only if the codes are equal.
    const status = new statusPb.Status().setCode(code).setMessage(short);
    status.addDetails(any);
    this.metadata.set("grpc-status-details-bin", Buffer.from(status.serializeBinary()));
  }
}

/** A message that says more than a code, by its protobuf name. */
interface Detail {
  readonly bytes: Uint8Array;
  readonly type: string;
}

/** True for an error that is in the form of the wire already. */
export function isStatus(error: unknown): error is WireStatus {
  return error instanceof WireStatus;
}

/**
 * An error of the kit's taxonomy in the form of the wire: path, message and hint as one text, at most 4,000 characters.
 *
 * @example callback(toStatus({ code: "unavailable", message: "the server does not answer" })); // code 14
 */
export function toStatus(detail: ErrorDetail): grpc.ServiceError {
  return new WireStatus(CODES[detail.code], describeError(detail), { cause: detail.cause });
}

/** What is known of an object that exists but is not as desired. */
export interface IncompleteObject {
  readonly id: string;
  readonly properties: Struct;
  readonly inputs?: Struct | undefined;
  /** Why it is not as desired, one sentence each. */
  readonly reasons: readonly string[];
  readonly refreshBeforeUpdate?: boolean | undefined;
  readonly cause?: unknown;
}

/**
 * The error that makes the engine record an object with its reasons, so that the next update finishes the work.
 *
 * The id arrives in any case: outputs and inputs that are too large for an error (8 MiB) are left out, and a reason
 * says so.
 */
export function initFailedStatus(object: IncompleteObject): grpc.ServiceError {
  const whole = initFailedBytes(object);
  const bytes =
    whole.length <= MAX_DETAIL_BYTES
      ? whole
      : initFailedBytes({
          ...object,
          properties: new Struct(),
          inputs: undefined,
          reasons: [
            `the outputs are too large to be recorded with a failure (${whole.length} bytes) and were left out: run \`pulumi refresh\` to read them`,
            ...object.reasons,
          ],
        });
  const [reason = "the object exists but is not complete"] = object.reasons;
  const message = object.reasons.length > 1 ? `${object.reasons.length} problems: ${reason}` : reason;
  // If ever the engine cannot read the details, UNKNOWN lets it warn that an object may exist.
  return new WireStatus(grpc.status.UNKNOWN, message, {
    detail: { bytes, type: "pulumirpc.ErrorResourceInitFailed" },
    cause: object.cause,
  });
}

function initFailedBytes(object: IncompleteObject): Uint8Array {
  const detail = new providerPb.ErrorResourceInitFailed();
  detail.setId(object.id.toWellFormed());
  detail.setProperties(object.properties);
  if (object.inputs !== undefined) detail.setInputs(object.inputs);
  const { fitting, left } = boundedList(object.reasons);
  detail.setReasonsList(left === 0 ? [...fitting] : [...fitting, `... and ${left} more`]);
  detail.setRefreshBeforeUpdate(object.refreshBeforeUpdate ?? false);
  return detail.serializeBinary();
}

/** A key of the configuration that must be set, as in `kace:endpoint`, and what it is. */
export interface MissingKey {
  readonly name: string;
  readonly description: string;
}

/** The error that makes the CLI print how to set each missing key of the configuration. */
export function missingKeysStatus(keys: readonly MissingKey[]): grpc.ServiceError {
  const detail = new providerPb.ConfigureErrorMissingKeys();
  detail.setMissingkeysList(
    keys.map(({ name, description }) =>
      new providerPb.ConfigureErrorMissingKeys.MissingKey()
        .setName(name.toWellFormed())
        .setDescription(bounded(description, MAX_MESSAGE_LENGTH)),
    ),
  );
  const message = `missing required configuration: ${keys.map(({ name }) => name).join(", ")}`;
  return new WireStatus(grpc.status.INVALID_ARGUMENT, message, {
    detail: { bytes: detail.serializeBinary(), type: "pulumirpc.ConfigureErrorMissingKeys" },
  });
}

/** An input of a component or method that cannot be right; the path is in Pulumi's notation. */
export interface WrongInput {
  readonly propertyPath: string;
  readonly reason: string;
}

/** The error that names each wrong input of a component or method. */
export function inputPropertiesStatus(errors: readonly WrongInput[]): grpc.ServiceError {
  const { fitting, left } = boundedList(errors.map(({ reason }) => reason));
  const detail = new errorsPb.InputPropertiesError();
  const add = (path: string, reason: string): void => {
    detail.addErrors(new errorsPb.InputPropertiesError.PropertyError().setPropertyPath(path).setReason(reason));
  };
  for (const [index, reason] of fitting.entries())
    add(bounded(errors[index]?.propertyPath ?? "", MAX_MESSAGE_LENGTH), reason);
  if (left > 0) add("", `... and ${left} more`);
  const message = errors.map(({ propertyPath, reason }) => `${propertyPath}: ${reason}`).join("; ");
  return new WireStatus(grpc.status.INVALID_ARGUMENT, message, {
    detail: { bytes: detail.serializeBinary(), type: "pulumirpc.InputPropertiesError" },
  });
}
