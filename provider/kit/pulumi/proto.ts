/**
 * The one door to the generated protobuf modules of `@pulumi/pulumi` and `google-protobuf`.
 *
 * They are CommonJS that fills `exports` at run time, so that Node finds no names in them: the default import (the
 * whole of `module.exports`) is the one form that works under Node's ESM and in a bundle alike. Nothing here loads
 * the main module of `@pulumi/pulumi`, which takes half a second.
 *
 * A module of messages serves as value and as type: `new providerPb.CheckResponse()`, `(r: providerPb.CheckRequest)`.
 */
import "./bounded-reads.ts";
import engineGrpc from "@pulumi/pulumi/proto/engine_grpc_pb.js";
import providerGrpc from "@pulumi/pulumi/proto/provider_grpc_pb.js";
import anyPb from "google-protobuf/google/protobuf/any_pb.js";
import emptyPb from "google-protobuf/google/protobuf/empty_pb.js";
import structPb from "google-protobuf/google/protobuf/struct_pb.js";
import "./struct-fields.ts";

export { default as aliasPb } from "@pulumi/pulumi/proto/alias_pb.js";
export { default as enginePb } from "@pulumi/pulumi/proto/engine_pb.js";
export { default as errorsPb } from "@pulumi/pulumi/proto/errors_pb.js";
export { default as pluginPb } from "@pulumi/pulumi/proto/plugin_pb.js";
export { default as providerPb } from "@pulumi/pulumi/proto/provider_pb.js";
export { default as statusPb } from "@pulumi/pulumi/proto/status_pb.js";

/** The service a provider offers, its untyped-map interface and its client (for tests and the conformance suite). */
export const { ResourceProviderService, ResourceProviderClient } = providerGrpc;
export type ResourceProviderClient = providerGrpc.ResourceProviderClient;
export type IResourceProviderServer = providerGrpc.IResourceProviderServer;

/** The service of the engine: logs and little else. */
export const { EngineService, EngineClient } = engineGrpc;
export type EngineClient = engineGrpc.EngineClient;
export type IEngineServer = engineGrpc.IEngineServer;

export const { Any } = anyPb;
export type Any = anyPb.Any;
export const { Empty } = emptyPb;
export type Empty = emptyPb.Empty;

/** `google.protobuf.Struct` and its parts. `WireValue` is `google.protobuf.Value`, so named beside the kit's `Value`. */
export const { Struct, ListValue } = structPb;
export type Struct = structPb.Struct;
export type ListValue = structPb.ListValue;
export const WireValue = structPb.Value;
export type WireValue = structPb.Value;
