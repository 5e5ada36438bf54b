import { describe, expect, it } from "vitest";
import { accessTo } from "../../provider/appliance/access.ts";
import { openLocal } from "../../provider/appliance/local/local.ts";
import { inputs as inputsSchema } from "../../provider/resources/provisioning/inputs.ts";
import { readProvisioning } from "../../provider/resources/provisioning/read.ts";
import { noCounts, summaryOf } from "../../provider/rollout/summary.ts";
import { newFolder } from "../appliance/local/folders.ts";

/** What a look at the machines of a configuration says and finds, with this log-in in its state. */
async function look(linux: object, folder = newFolder(), bundle = "bundle-1") {
  const inputs = inputsSchema.parse({
    targets: { ips: ["192.0.2.1"] },
    agent: { bundle },
    linux,
  });
  const said: string[] = [];
  const say = (text: string) => void said.push(text);
  const old = { inputs, outputs: { summary: summaryOf(noCounts()), results: {} } };
  const found = await readProvisioning(
    { id: "config-1", urn: "urn:c", logicalName: "fleet", old, given: {} },
    {
      client: accessTo((mode) => openLocal({ folder, ...mode }), {
        endpoint: "local",
        isLocal: true,
        maxConcurrency: undefined,
      }),
      log: { debug: say, info: say, warn: say, error: say, status: say },
      signal: new AbortController().signal,
    },
  );
  return { said, found, old };
}

describe("a refresh of a configuration", () => {
  it("that was imported says that its credentials come with the next up, and calls nothing wrong", async () => {
    const { said, found, old } = await look({ username: "root" });
    expect(said).toEqual([expect.stringMatching(/^the machines are not looked at this time: .*as after an import/)]);
    expect(said[0]).toMatch(/Give `linux` a `password`, `privateKey` or `agentSocket`.* the next one looks$/);
    expect(said[0]).not.toContain("[no-credentials]");
    expect(found).toEqual({ inputs: {}, outputs: old.outputs });
  });

  it("whose bundle is not loaded says so with the command that loads it", async () => {
    const folder = newFolder();
    const appliance = await openLocal({ folder });
    const { id } = await appliance.saveBundle({
      name: "the agents",
      version: "1.4.2",
      flavour: "reference",
      packages: [],
      loaded: false,
    });
    await appliance.close();
    const { said } = await look({ username: "root", password: "canary" }, folder, id);
    expect(said.join()).toContain(
      "agent.bundle: the bundle \"the agents\" is on the appliance, but not loaded (load it by `kace bundle load 'the agents'`",
    );
  });

  it("that has a log-in goes on to what else it stands on", async () => {
    const { said } = await look({ username: "root", password: "canary" });
    expect(said.join()).not.toContain("as after an import");
  });
});
