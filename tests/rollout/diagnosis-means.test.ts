import { describe, expect, it } from "vitest";
import type { ServerStatus } from "../../provider/appliance/operations/server.ts";
import { diagnosisMeans, serverToDiagnose } from "../../provider/rollout/diagnosis-means.ts";
import { newFolder, openedIn } from "../appliance/local/folders.ts";
import { fill, KUIDS } from "../cli/filled.ts";

const own: ServerStatus = {
  running: true,
  name: "kbox.corp.example",
  port: 8443,
  canonicalNames: ["kbox.corp.example", "kbox", "10.0.0.53"],
  caCertificate: "PEM",
};

describe("the server that a diagnosis is about", () => {
  it.each<[string, Parameters<typeof serverToDiagnose>[0], ServerStatus, ReturnType<typeof serverToDiagnose>]>([
    ["the appliance's own", undefined, own, { host: "kbox.corp.example", port: 8443, caCertificate: "PEM" }],
    ["the own one by another of its names", { name: "KBOX" }, own, { host: "KBOX", port: 8443, caCertificate: "PEM" }],
    ["the own one at another port", { port: 443 }, own, { host: "kbox.corp.example", port: 443, caCertificate: "PEM" }],
    ["another one, whose authority is the system's to know", { name: "other" }, own, { host: "other", port: 443 }],
    ["another one at a port", { name: "other", port: 52_230 }, { running: false }, { host: "other", port: 52_230 }],
    ["none at all", undefined, { running: false }, undefined],
  ])("is %s", (_title, named, status, server) => {
    expect(serverToDiagnose(named, status)).toEqual(server);
  });
});

describe("what a diagnosis asks the appliance", () => {
  it("finds a machine's device by its name, with or without domain, and by its address", async () => {
    const folder = newFolder();
    await fill(folder);
    const appliance = await openedIn(folder, { readOnly: true });
    const means = diagnosisMeans(appliance, { timeoutMs: 1_000, signal: new AbortController().signal });
    for (const machine of ["web02", "WEB02.corp.example"])
      expect(await means.findDevice(machine)).toMatchObject({ kuid: KUIDS.web02 });
    expect(await means.findDevice("10.0.0.1")).toMatchObject({ hostname: expect.stringContaining("web0") });
    expect(await means.findDevice("web77")).toBeUndefined();
    expect(await means.checkToken("nobody-knows-it")).toMatchObject({ status: "unknown" });
  });
});
