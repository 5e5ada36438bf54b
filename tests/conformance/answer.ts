import * as grpc from "@grpc/grpc-js";
import { providerPb, type Struct, statusPb } from "../../provider/kit/pulumi/proto.ts";
import type { JsonMap } from "./wire.ts";

/** What a provider says of an object that exists but is not as desired. */
export interface InitFailed {
  readonly id: string;
  readonly properties: JsonMap;
  readonly inputs: JsonMap | undefined;
  readonly reasons: readonly string[];
}

/** An error status. */
export interface Failure {
  readonly ok: false;
  readonly code: grpc.status;
  readonly message: string;
  readonly initFailed?: InitFailed | undefined;
  /** Keys of the configuration that are missing, with what they are for. */
  readonly missingKeys?: readonly { readonly name: string; readonly description: string }[] | undefined;
}

/** What came back from a call: a result or an error status. */
export type Answer<Response> = { readonly ok: true; readonly response: Response } | Failure;

/** Reads an error status with the details that the engine looks at. */
export function readFailure(error: grpc.ServiceError): Failure {
  const base = { ok: false, code: error.code, message: error.details } as const;
  const [details] = error.metadata.get("grpc-status-details-bin");
  if (!(details instanceof Uint8Array)) return base;
  for (const any of statusPb.Status.deserializeBinary(details).getDetailsList()) {
    if (any.getTypeUrl().endsWith("/pulumirpc.ErrorResourceInitFailed")) {
      const detail = providerPb.ErrorResourceInitFailed.deserializeBinary(any.getValue_asU8());
      const inputs = detail.getInputs();
      return {
        ...base,
        initFailed: {
          id: detail.getId(),
          properties: mapOf(detail.getProperties()),
          inputs: inputs === undefined ? undefined : mapOf(inputs),
          reasons: detail.getReasonsList(),
        },
      };
    }
    if (any.getTypeUrl().endsWith("/pulumirpc.ConfigureErrorMissingKeys")) {
      const detail = providerPb.ConfigureErrorMissingKeys.deserializeBinary(any.getValue_asU8());
      return {
        ...base,
        missingKeys: detail
          .getMissingkeysList()
          .map((key) => ({ name: key.getName(), description: key.getDescription() })),
      };
    }
  }
  return base;
}

/** A struct as JSON; the form of numbers, texts and nulls on the wire is that of JSON. */
export function mapOf(struct: Struct | undefined): JsonMap {
  return struct === undefined ? {} : (struct.toJavaScript() as JsonMap);
}

/** The status in words, for messages of failed laws. */
export function describe(failure: Failure): string {
  return `${grpc.status[failure.code] ?? failure.code}: ${failure.message}`;
}
