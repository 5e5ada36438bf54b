import { describe, expect, it } from "vitest";
import type { ServerStatus } from "../../provider/appliance/operations/server.ts";
import { diagnosisMeans, folderToName, serverToDiagnose } from "../../provider/rollout/diagnosis-means.ts";
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
    [
      "the own one at another port",
      { port: 443 },
      own,
      { host: "kbox.corp.example", port: 443, elsewhere: true, caCertificate: "PEM" },
    ],
    [
      "another one, whose authority is the system's to know",
      { name: "other" },
      own,
      { host: "other", port: 443, elsewhere: true },
    ],
    [
      "another one at a port",
      { name: "other", port: 52_230 },
      { running: false },
      { host: "other", port: 52_230, elsewhere: true },
    ],
    [
      "the own one that is stopped, with what starts it",
      undefined,
      { ...own, running: false },
      { host: "kbox.corp.example", port: 8443, caCertificate: "PEM", startedBy: "kace serve --name kbox.corp.example" },
    ],
    [
      "the own one that is stopped and had another port",
      { name: "kbox" },
      { ...own, running: false, port: 9443 },
      {
        host: "kbox",
        port: 9443,
        caCertificate: "PEM",
        startedBy: "kace serve --name kbox.corp.example --port 9443",
      },
    ],
    ["none at all", undefined, { running: false }, undefined],
  ])("is %s", (_title, named, status, server) => {
    expect(serverToDiagnose(named, status)).toEqual(server);
  });
});

describe("what a diagnosis asks the appliance", () => {
  it("starts the server of a folder that is not the usual one with that folder", async () => {
    const folder = newFolder();
    await fill(folder);
    const appliance = await openedIn(folder, { readOnly: true });
    const server = serverToDiagnose(undefined, { ...own, running: false }, folderToName(appliance));
    expect(server?.startedBy).toBe(`kace --database ${folder} serve --name kbox.corp.example`);
  });

  it("finds a machine's device, last result and configuration by its name, with or without domain, and its address", async () => {
    const folder = newFolder();
    await fill(folder);
    const appliance = await openedIn(folder, { readOnly: true });
    const means = diagnosisMeans(appliance, { timeoutMs: 1_000, signal: new AbortController().signal });
    const unreachable = { configuration: "fleet", code: "port-closed" };
    for (const machine of ["web02", "WEB02.corp.example", "10.0.0.2"])
      expect(await means.knownMachine(machine)).toMatchObject({ result: unreachable });
    for (const machine of ["web02", "WEB02.corp.example", KUIDS.web02])
      expect(await means.knownMachine(machine)).toMatchObject({ device: { kuid: KUIDS.web02 } });
    expect(await means.knownMachine("10.0.0.1")).toMatchObject({
      device: { hostname: expect.stringContaining("web0") },
      result: { code: "installed" },
    });
    expect(await means.knownMachine("web03")).toEqual({ targetOf: "fleet" });
    for (const machine of ["web77", "nobody.example.org", "192.0.2.77"])
      expect(await means.knownMachine(machine)).toEqual({ targetOf: undefined });
    expect(await means.checkToken("nobody-knows-it")).toMatchObject({ status: "unknown" });
  });
});
