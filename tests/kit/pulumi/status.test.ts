import * as grpc from "@grpc/grpc-js";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { ErrorCode } from "../../../provider/kit/define/errors.ts";
import { ProviderError } from "../../../provider/kit/define/errors.ts";
import { Secret } from "../../../provider/kit/define/value.ts";
import {
  Empty,
  errorsPb,
  providerPb,
  ResourceProviderClient,
  ResourceProviderService,
  statusPb,
  WireValue,
} from "../../../provider/kit/pulumi/proto.ts";
import {
  initFailedStatus,
  inputPropertiesStatus,
  isStatus,
  missingKeysStatus,
  toStatus,
} from "../../../provider/kit/pulumi/status.ts";
import { setField } from "../../../provider/kit/pulumi/struct-fields.ts";
import { encodeMap } from "../../../provider/kit/pulumi/wire-values.ts";

/** What the server of these tests answers next. */
let next: grpc.ServiceError;
const server = new grpc.Server();
let client: ResourceProviderClient;

beforeAll(async () => {
  server.addService(ResourceProviderService, {
    cancel: (_call: unknown, callback: grpc.sendUnaryData<Empty>) => callback(next),
  });
  const { promise, resolve, reject } = Promise.withResolvers<number>();
  server.bindAsync("127.0.0.1:0", grpc.ServerCredentials.createInsecure(), (error, bound) =>
    error === null ? resolve(bound) : reject(error),
  );
  client = new ResourceProviderClient(`127.0.0.1:${await promise}`, grpc.credentials.createInsecure());
});

afterAll(() => {
  client.close();
  server.forceShutdown();
});

/** Sends an error over a real connection and gives back what the other side got. */
async function overTheWire(error: grpc.ServiceError): Promise<grpc.ServiceError> {
  next = error;
  const { promise, resolve } = Promise.withResolvers<grpc.ServiceError | null>();
  client.cancel(new Empty(), resolve);
  return (await promise) ?? expect.fail("the call succeeded");
}

/** The bytes of the one detail of an error, checked to be of the type that the engine looks for. */
function detailOf(error: grpc.ServiceError, type: string): Uint8Array {
  const [bytes] = error.metadata.get("grpc-status-details-bin");
  if (!(bytes instanceof Buffer)) return expect.fail("no details");
  const status = statusPb.Status.deserializeBinary(bytes);
  expect(status.getCode()).toBe(error.code);
  expect(status.getMessage()).toBe(error.details);
  const [detail, ...others] = status.getDetailsList();
  expect(others).toEqual([]);
  expect(detail?.getTypeUrl()).toBe(`type.googleapis.com/${type}`);
  return detail?.getValue_asU8() ?? expect.fail("no detail");
}

function initFailedOf(error: grpc.ServiceError): providerPb.ErrorResourceInitFailed {
  return providerPb.ErrorResourceInitFailed.deserializeBinary(detailOf(error, "pulumirpc.ErrorResourceInitFailed"));
}

describe("an error of the taxonomy", () => {
  it.each<[ErrorCode, grpc.status]>([
    ["invalid-input", grpc.status.INVALID_ARGUMENT],
    ["not-found", grpc.status.NOT_FOUND],
    ["already-exists", grpc.status.ALREADY_EXISTS],
    ["unauthenticated", grpc.status.UNAUTHENTICATED],
    ["permission-denied", grpc.status.PERMISSION_DENIED],
    ["failed-precondition", grpc.status.FAILED_PRECONDITION],
    ["conflict", grpc.status.ABORTED],
    ["unavailable", grpc.status.UNAVAILABLE],
    ["exhausted", grpc.status.RESOURCE_EXHAUSTED],
    ["timeout", grpc.status.DEADLINE_EXCEEDED],
    ["cancelled", grpc.status.CANCELLED],
    ["unsupported", grpc.status.UNIMPLEMENTED],
    ["internal", grpc.status.INTERNAL],
  ])("%s arrives as the gRPC code %i", async (code, grpcCode) => {
    const error = await overTheWire(toStatus(new ProviderError({ code, message: "does not work" })));
    expect(error.code).toBe(grpcCode);
    expect(error.details).toBe("does not work");
    // The engine takes these three for a sign that the object may be damaged.
    const isUnclean = [grpc.status.INTERNAL, grpc.status.UNKNOWN, grpc.status.DATA_LOSS].includes(error.code);
    expect(isUnclean).toBe(code === "internal");
  });

  it("arrives with its path and its hint, in any script and on several lines", async () => {
    const status = toStatus({ code: "invalid-input", message: "größer\nals 100 % 😀", hint: "use 5", path: ["a", 3] });
    expect((await overTheWire(status)).details).toBe("a[3]: größer\nals 100 % 😀 (use 5)");
  });

  it("arrives although its text was cut in the middle of a character", async () => {
    const error = await overTheWire(toStatus({ code: "conflict", message: `half ${"😀".slice(0, 1)} of it` }));
    expect([error.code, error.details]).toEqual([grpc.status.ABORTED, "half \uFFFD of it"]);
  });

  it("arrives cut when it is long, and says so", async () => {
    const error = await overTheWire(toStatus({ code: "internal", message: "ä".repeat(10_000) }));
    expect(error.details).toBe(`${"ä".repeat(4_000)}... (cut, 6000 characters more)`);
  });

  it("is known for one that is in the wire's form, keeps its cause and carries no stack", () => {
    const cause = new Error("inner");
    const status = toStatus({ code: "internal", message: "outer", cause });
    expect(isStatus(status)).toBe(true);
    expect(status.cause).toBe(cause);
    expect(status.details).toBe("outer");
    for (const other of [
      new Error("x"),
      { code: 3, details: "x" },
      null,
      undefined,
      new ProviderError({ code: "timeout", message: "x" }),
    ]) {
      expect(isStatus(other)).toBe(false);
    }
  });
});

describe("an object that exists but is not complete", () => {
  it("arrives with id, outputs, inputs, reasons and the wish to be refreshed first", async () => {
    const properties = encodeMap({ password: new Secret("s"), port: 22 });
    const inputs = encodeMap({ port: 22 });
    const status = initFailedStatus({
      id: "id-1",
      properties,
      inputs,
      reasons: ["web01: refused", "web02: silent"],
      refreshBeforeUpdate: true,
    });
    const error = await overTheWire(status);
    expect(error.details).toBe("2 problems: web01: refused");
    const detail = initFailedOf(error);
    expect(detail.getId()).toBe("id-1");
    expect(detail.getProperties()?.serializeBinary()).toEqual(properties.serializeBinary());
    expect(detail.getInputs()?.serializeBinary()).toEqual(inputs.serializeBinary());
    expect(detail.getReasonsList()).toEqual(["web01: refused", "web02: silent"]);
    expect(detail.getRefreshBeforeUpdate()).toBe(true);
  });

  it("arrives without what nobody said", async () => {
    const error = await overTheWire(initFailedStatus({ id: "id-1", properties: encodeMap({}), reasons: [] }));
    const detail = initFailedOf(error);
    expect([detail.getId(), detail.hasInputs(), detail.getRefreshBeforeUpdate()]).toEqual(["id-1", false, false]);
    expect(error.details).toBe("the object exists but is not complete");
  });

  it("arrives with as many reasons as fit, each cut, and the count of the others", async () => {
    const reasons = Array.from({ length: 50 }, (_, index) => `${index} ${"x".repeat(5_000)}😀`);
    const detail = initFailedOf(
      await overTheWire(initFailedStatus({ id: "id-1", properties: encodeMap({}), reasons })),
    );
    const list = detail.getReasonsList();
    expect(list).toHaveLength(8);
    expect(list[0]).toMatch(/^0 x+\.\.\. \(cut, 1004 characters more\)$/);
    expect(list.at(-1)).toBe("... and 43 more");
  });

  it("arrives with reasons and an id that were cut in the middle of a character", async () => {
    const half = "😀".slice(0, 1);
    const detail = initFailedOf(
      await overTheWire(initFailedStatus({ id: `id${half}`, properties: encodeMap({}), reasons: [half] })),
    );
    expect([detail.getId(), detail.getReasonsList()]).toEqual(["id\uFFFD", ["\uFFFD"]]);
  });

  it("keeps its id when its outputs are too large for an error, and says what to do", () => {
    const properties = encodeMap({});
    for (let part = 0; part < 10; part += 1) {
      setField(properties, `part${part}`, new WireValue().setStringValue("x".repeat(1024 * 1024)));
    }
    const detail = initFailedOf(
      initFailedStatus({ id: "id-1", properties, inputs: properties, reasons: ["web01: refused"] }),
    );
    expect(detail.getId()).toBe("id-1");
    expect(detail.getProperties()?.getFieldsMap().getLength()).toBe(0);
    expect(detail.hasInputs()).toBe(false);
    expect(detail.getReasonsList()[0]).toMatch(/too large to be recorded .* run `pulumi refresh`/);
    expect(detail.getReasonsList()[1]).toBe("web01: refused");
  });
});

describe("a configuration without a required key", () => {
  it("arrives in the form from which the CLI makes its advice", async () => {
    const error = await overTheWire(
      missingKeysStatus([{ name: "kace:endpoint", description: "Where the appliance is." }]),
    );
    expect(error.code).toBe(grpc.status.INVALID_ARGUMENT);
    expect(error.details).toBe("missing required configuration: kace:endpoint");
    const detail = providerPb.ConfigureErrorMissingKeys.deserializeBinary(
      detailOf(error, "pulumirpc.ConfigureErrorMissingKeys"),
    );
    expect(detail.toObject().missingkeysList).toEqual([
      { name: "kace:endpoint", description: "Where the appliance is." },
    ]);
  });
});

describe("wrong inputs of a component", () => {
  it("arrive one by one with their paths", async () => {
    const error = await overTheWire(inputPropertiesStatus([{ propertyPath: "a.b[0]", reason: "must be a number" }]));
    expect(error.code).toBe(grpc.status.INVALID_ARGUMENT);
    expect(error.details).toBe("a.b[0]: must be a number");
    const detail = errorsPb.InputPropertiesError.deserializeBinary(detailOf(error, "pulumirpc.InputPropertiesError"));
    expect(detail.toObject().errorsList).toEqual([{ propertyPath: "a.b[0]", reason: "must be a number" }]);
  });

  it("arrive as far as they fit, and the count of the others", async () => {
    const errors = Array.from({ length: 1_000 }, (_, index) => ({
      propertyPath: `hosts[${index}]`,
      reason: "x".repeat(1_000),
    }));
    const error = await overTheWire(inputPropertiesStatus(errors));
    const detail = errorsPb.InputPropertiesError.deserializeBinary(detailOf(error, "pulumirpc.InputPropertiesError"));
    const list = detail.getErrorsList();
    expect(list).toHaveLength(33);
    expect(list[31]?.getPropertyPath()).toBe("hosts[31]");
    expect([list[32]?.getPropertyPath(), list[32]?.getReason()]).toEqual(["", "... and 968 more"]);
  });
});
