import * as grpc from "@grpc/grpc-js";
import { Secret, type ValueMap } from "../../provider/kit/define/value.ts";
import { providerPb, ResourceProviderService } from "../../provider/kit/pulumi/proto.ts";
import { decodeMap, encodeMap } from "../../provider/kit/pulumi/wire-values.ts";
import { inTurn } from "./bench.ts";
import { itemPassword, itemProperties } from "./item.ts";
import type { CallsRequest, SliceFigures } from "./kit-calls.ts";
import { processorMs } from "./plugin-process.ts";

/*
 * Sends pairs of Check and Diff to two servers in turn and prints what it measured as JSON. It runs in a process of
 * its own, writes its requests once and does not read the answers but for the first, so that the servers are what is
 * slow.
 */

const { ours, yardstick, pairs, inFlight, runs }: CallsRequest = JSON.parse(process.argv[2] ?? "");

const urn = "urn:pulumi:bench::bench::bench:index:Item::item";
const before: ValueMap = { ...itemProperties(1), password: new Secret(itemPassword(1)) };
const after: ValueMap = { ...before, text: "another text", endpoint: { host: "elsewhere.example.com", port: 8443 } };
const checkRequest = new providerPb.CheckRequest()
  .setUrn(urn)
  .setName("item")
  .setType("bench:index:Item")
  .setOlds(encodeMap(before))
  .setNews(encodeMap(after))
  .setRandomseed(new Uint8Array(32).fill(7));
const diffRequest = new providerPb.DiffRequest()
  .setId("item")
  .setUrn(urn)
  .setName("item")
  .setType("bench:index:Item")
  .setOlds(encodeMap({ ...before, location: "bench://zone-1/item 1", revision: 1 }))
  .setOldInputs(encodeMap(before))
  .setNews(encodeMap(after));
const checkBytes = Buffer.from(checkRequest.serializeBinary());
const diffBytes = Buffer.from(diffRequest.serializeBinary());

const clients = { ours: connect(ours.port), yardstick: connect(yardstick.port) };
await proveThatItWorks(clients.ours);
const figures = await inTurn(runs, 2, {
  ours: () => slice(clients.ours, ours.pid),
  yardstick: () => slice(clients.yardstick, yardstick.pid),
});
process.stdout.write(JSON.stringify(figures));
clients.ours.close();
clients.yardstick.close();

function connect(port: number): grpc.Client {
  return new grpc.Client(`127.0.0.1:${port}`, grpc.credentials.createInsecure());
}

function call(client: grpc.Client, path: string, bytes: Buffer): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    client.makeUnaryRequest(path, same, same, bytes, (error, answer) => {
      if (error !== null || answer === undefined) reject(error ?? new Error(`${path} gave no answer`));
      else resolve(answer);
    });
  });
}

function same(bytes: Buffer): Buffer {
  return bytes;
}

async function slice(client: grpc.Client, pid: number): Promise<SliceFigures> {
  const processorBefore = await processorMs(pid);
  const begin = performance.now();
  let left = pairs;
  const worker = async () => {
    while (left > 0) {
      left -= 1;
      await call(client, ResourceProviderService.check.path, checkBytes);
      await call(client, ResourceProviderService.diff.path, diffBytes);
    }
  };
  await Promise.all(Array.from({ length: inFlight }, worker));
  const seconds = (performance.now() - begin) / 1_000;
  const processorAfter = await processorMs(pid);
  return {
    pairsPerSecond: pairs / seconds,
    processorMicroseconds:
      processorBefore === undefined || processorAfter === undefined
        ? undefined
        : ((processorAfter - processorBefore) * 1_000) / pairs,
  };
}

/** An error would be quick to answer: what is measured must be the real work. */
async function proveThatItWorks(client: grpc.Client): Promise<void> {
  const checked = providerPb.CheckResponse.deserializeBinary(
    await call(client, ResourceProviderService.check.path, checkBytes),
  );
  const compared = providerPb.DiffResponse.deserializeBinary(
    await call(client, ResourceProviderService.diff.path, diffBytes),
  );
  const properties = Object.keys(decodeMap(checked.getInputs())).length;
  const paths = [...compared.getDetaileddiffMap().keys()].sort().join();
  if (
    checked.getFailuresList().length > 0 ||
    properties !== Object.keys(after).length ||
    paths !== "endpoint.host,endpoint.path,text"
  ) {
    throw new Error(`the provider answers wrongly: ${properties} properties checked, ${paths} found different`);
  }
}
