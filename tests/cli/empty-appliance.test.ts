import { existsSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { newFolder } from "../appliance/local/folders.ts";
import { kaceIn } from "./local-kace.ts";

describe("an appliance that is not there yet", () => {
  it.each([
    ["config", "there is no configuration: `pulumi up` makes them"],
    ["results", "there are no such results"],
    ["devices", "there is no device: an agent that connects becomes one"],
    ["quarantine", "no device waits in quarantine"],
    ["tokens", "there is no token: an `AgentToken` makes one"],
    ["api-tokens", "there is no API token: `kace api-tokens create` makes one"],
    ["labels", "there is no label: a `Label` makes one"],
    ["tasks", "there are no such tasks"],
    ["queue", "the queue is empty"],
    ["bundle", "there are no bundles"],
    ["hostkeys", "no host key is pinned"],
  ])("reads as empty by `kace %s`, and is not made by looking", async (list, nothing) => {
    const folder = newFolder();
    const args = list === "results" ? [list] : [list, "list"];
    expect(await kaceIn(folder, ...args)).toEqual({ exitCode: 0, out: "", err: nothing });
    expect(existsSync(folder)).toBe(false);
  });
});
