import { readFileSync } from "node:fs";
import * as grpc from "@grpc/grpc-js";
import pluginPb from "@pulumi/pulumi/proto/plugin_pb.js";
import providerGrpc from "@pulumi/pulumi/proto/provider_grpc_pb.js";
import providerPb from "@pulumi/pulumi/proto/provider_pb.js";

/*
 * The yardstick: what a provider costs that does nothing at all. It serves the schema in the file that
 * BENCH_SCHEMA names, and answers Check and Diff without looking at what is asked.
 */

type Answer<Response> = (call: unknown, callback: grpc.sendUnaryData<Response>) => void;

const getSchema: Answer<providerPb.GetSchemaResponse> = (_, callback) =>
  callback(null, new providerPb.GetSchemaResponse().setSchema(readFileSync(process.env.BENCH_SCHEMA ?? "", "utf8")));
const getPluginInfo: Answer<pluginPb.PluginInfo> = (_, callback) =>
  callback(null, new pluginPb.PluginInfo().setVersion("1.0.0"));
const check: Answer<providerPb.CheckResponse> = (_, callback) => callback(null, new providerPb.CheckResponse());
const diff: Answer<providerPb.DiffResponse> = (_, callback) => callback(null, new providerPb.DiffResponse());

const server = new grpc.Server();
const service: grpc.UntypedServiceImplementation = { getSchema, getPluginInfo, check, diff };
server.addService(providerGrpc.ResourceProviderService, service);
server.bindAsync("127.0.0.1:0", grpc.ServerCredentials.createInsecure(), (error, port) => {
  if (error !== null) throw error;
  process.stdout.write(`${port}\n`);
});
process.on("SIGTERM", () => process.exit(0));
