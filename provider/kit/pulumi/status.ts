import * as grpc from "@grpc/grpc-js";
import { describeError, type ErrorCode, type ErrorDetail } from "../define/errors.ts";
import { Any, errorsPb, providerPb, statusPb, type Struct } from "./proto.ts";

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

/** A message travels in a header of the answer, and headers are small. */
const MAX_MESSAGE_LENGTH = 4_000;

/** What all reasons of an incomplete object may take together. */
const MAX_REASONS_LENGTH = 32_000;

function cut(text: string, maxLength: number): string {
  return text.length <= maxLength ? text : `${text.slice(0, maxLength)}... (cut, ${text.length - maxLength} characters more)`;
}

/** An error in the form that a gRPC server sends. */
class WireStatus extends Error implements grpc.ServiceError {
  readonly code: grpc.status;
  readonly details: string;
  readonly metadata: grpc.Metadata;

  constructor(code: grpc.status, message: string, detail?: { readonly bytes: Uint8Array; readonly type: string }, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause });
    this.name = "WireStatus";
    this.code = code;
    this.details = cut(message, MAX_MESSAGE_LENGTH);
    this.metadata = new grpc.Metadata();
    if (detail === undefined) return;
    const any = new Any();
    any.pack(detail.bytes, detail.type);
    const status = new statusPb.Status().setCode(code).setMessage(this.details);
    status.addDetails(any);
    this.metadata.set("grpc-status-details-bin", Buffer.from(status.serializeBinary()));
  }
}

/** True for an error that is in the form of the wire already. */
export function isStatus(error: unknown): error is WireStatus {
  return error instanceof WireStatus;
}

/** An error of the kit's taxonomy in the form of the wire. */
export function toStatus(detail: ErrorDetail): grpc.ServiceError {
  return new WireStatus(CODES[detail.code], describeError(detail), undefined, detail.cause);
}

/** What is known of an object that exists but is not as desired. */
export interface IncompleteObject {
  readonly id: string;
  readonly properties: Struct;
  readonly inputs: Struct;
  readonly reasons: readonly string[];
  readonly refreshBeforeUpdate: boolean;
  readonly cause?: unknown;
}

/** The error that makes the engine record an object with its reasons, so that the next update finishes the work. */
export function initFailedStatus(object: IncompleteObject): grpc.ServiceError {
  const detail = new providerPb.ErrorResourceInitFailed();
  detail.setId(object.id);
  detail.setProperties(object.properties);
  detail.setInputs(object.inputs);
  detail.setReasonsList(boundReasons(object.reasons));
  detail.setRefreshBeforeUpdate(object.refreshBeforeUpdate);
  const message = object.reasons.length === 1 ? (object.reasons[0] ?? "") : `${object.reasons.length} problems`;
  return new WireStatus(grpc.status.UNKNOWN, message, { bytes: detail.serializeBinary(), type: "pulumirpc.ErrorResourceInitFailed" }, object.cause);
}

function boundReasons(reasons: readonly string[]): string[] {
  const bounded: string[] = [];
  let length = 0;
  for (const [index, reason] of reasons.entries()) {
    const short = cut(reason, MAX_MESSAGE_LENGTH);
    length += short.length;
    if (length > MAX_REASONS_LENGTH) {
      bounded.push(`... and ${reasons.length - index} more`);
      break;
    }
    bounded.push(short);
  }
  return bounded;
}

/** The error that makes the CLI print how to set each missing key of the configuration. */
export function missingKeysStatus(keys: readonly { readonly name: string; readonly description: string }[]): grpc.ServiceError {
  const detail = new providerPb.ConfigureErrorMissingKeys();
  detail.setMissingkeysList(
    keys.map(({ name, description }) => new providerPb.ConfigureErrorMissingKeys.MissingKey().setName(name).setDescription(description)),
  );
  const message = `missing required configuration: ${keys.map(({ name }) => name).join(", ")}`;
  return new WireStatus(grpc.status.INVALID_ARGUMENT, message, { bytes: detail.serializeBinary(), type: "pulumirpc.ConfigureErrorMissingKeys" });
}

/** The error that names each wrong input of a component or method. */
export function inputPropertiesStatus(errors: readonly { readonly propertyPath: string; readonly reason: string }[]): grpc.ServiceError {
  const detail = new errorsPb.InputPropertiesError();
  for (const { propertyPath, reason } of errors) {
    detail.addErrors(new errorsPb.InputPropertiesError.PropertyError().setPropertyPath(propertyPath).setReason(reason));
  }
  const message = errors.map(({ propertyPath, reason }) => `${propertyPath}: ${reason}`).join("; ");
  return new WireStatus(grpc.status.INVALID_ARGUMENT, message, { bytes: detail.serializeBinary(), type: "pulumirpc.InputPropertiesError" });
}
