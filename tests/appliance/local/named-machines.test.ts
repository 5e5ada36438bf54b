import { describe, expect, it } from "vitest";
import type { Appliance } from "../../../provider/appliance/appliance.ts";
import { newFolder, openedIn } from "./folders.ts";

const os = { platform: "linux", id: "debian", version: "12", name: "Debian GNU/Linux 12", architecture: "amd64" };

async function enrol(appliance: Appliance, token: string, kuid: string, hostname: string): Promise<void> {
  const hello = { agentVersion: "1.2.3", flavour: "reference", os, machineId: "", addresses: [], macs: [] };
  await appliance.enrolDevice({ kuid, publicKey: "A".repeat(43), token, hostname, ...hello });
}

/** By KUID, the host names of machines that are approved. */
const MACHINES = {
  "KUID-upper": "web01.berlin.example",
  "kuid-lower": "WEB01.bonn.example.",
  "kuid-short": "db01",
  "kuid-named": "kuid-short",
  "kuid-other": "straße",
};

describe("machines that are named in a label", () => {
  it.each<[string, string, readonly string[]]>([
    ["by its KUID, in any case", "kuid-UPPER", ["KUID-upper"]],
    ["by its host name", "web01.berlin.example", ["KUID-upper"]],
    ["by its host name, in any case and with the dot at the end", "Web01.Bonn.Example.", ["kuid-lower"]],
    ["without its domain: all of that name", "WEB01", ["KUID-upper", "kuid-lower"]],
    ["with a domain that it does not know itself", "db01.berlin.example", ["kuid-short"]],
    ["by a KUID that is another one's host name: the KUID counts", "kuid-short", ["kuid-short"]],
    ["by letters beyond ASCII, in any case", "STRAßE", ["kuid-other"]],
    ["with another domain than its own: nobody", "web01.hamburg.example", []],
    ["by a part of its name: nobody", "web0", []],
    ["in quarantine: nobody", "stranger", []],
  ])("%s", async (_, name, expected) => {
    const appliance = await openedIn(newFolder());
    const { value: token } = await appliance.createToken({ name: "fleet" });
    for (const [kuid, hostname] of Object.entries(MACHINES)) await enrol(appliance, token, kuid, hostname);
    await enrol(appliance, "", "kuid-stranger", "stranger");
    const { id } = await appliance.saveLabel({ name: "named", machines: [name] });
    const { members, pending } = await appliance.listLabelMembers({ id });
    expect(members.map(({ kuid }) => kuid)).toEqual(expected);
    expect(pending).toEqual(expected.length > 0 ? [] : [name]);
    expect((await appliance.listLabels({})).labels).toMatchObject([
      { members: expected.length, pending: pending.length },
    ]);
  });
});
