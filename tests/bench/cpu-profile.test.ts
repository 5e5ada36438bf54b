import { expect, it } from "vitest";
import { type CpuProfile, formatProfile, readProfile } from "./cpu-profile.ts";

const node = (id: number, functionName: string, url: string) => ({ id, callFrame: { functionName, url } });

const profile: CpuProfile = {
  nodes: [
    node(1, "(root)", ""),
    node(2, "(idle)", ""),
    node(3, "(garbage collector)", ""),
    node(4, "map", "file:///x/provider/kit/pulumi/wire-decode.ts"),
    node(5, "value", "file:///x/provider/kit/pulumi/wire-encode.ts"),
    node(6, "respond", "node:internal/http2/core"),
    node(7, "", "file:///x/node_modules/@grpc/grpc-js/build/src/server.js"),
  ],
  samples: [1, 2, 3, 4, 5, 4, 6, 7],
  timeDeltas: [500, 500, 10, 20, 15, 20, 25, 10],
};

it("a profile says which part of the program took which share of the time in which anything ran", () => {
  expect(readProfile(profile).map(({ name, share }) => [name, share])).toEqual([
    ["kit: codec", 0.55],
    ["Node: HTTP/2, streams, timers", 0.25],
    ["garbage collection", 0.1],
    ["gRPC", 0.1],
  ]);
});

it("each part names its most expensive functions", () => {
  expect(formatProfile(readProfile(profile)).split("\n")[0]?.trim()).toMatch(
    /^55\.0% {2}kit: codec +map 40\.0%, value 15\.0%$/,
  );
});
