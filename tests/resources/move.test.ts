import { describe, expect, it } from "vitest";
import { accessTo } from "../../provider/appliance/access.ts";
import { openLocal } from "../../provider/appliance/local/local.ts";
import { inputs as inputsSchema } from "../../provider/resources/provisioning/inputs.ts";
import { sayMove } from "../../provider/resources/provisioning/move.ts";
import { newFolder } from "../appliance/local/folders.ts";

const limits = { endpoint: "local", isLocal: true, maxConcurrency: undefined };

/** What the preview of a configuration says that is in `default` and is to be in another organization. */
async function said(given: object, organization: string, id = "config-1"): Promise<string[]> {
  const folder = newFolder();
  const appliance = await openLocal({ folder });
  const inputs = JSON.stringify(inputsSchema.parse({ targets: { ips: ["192.0.2.1"] }, ...given }));
  await appliance.saveConfiguration({ id: "config-1", name: "fleet", description: { targets: "192.0.2.1", inputs } });
  await appliance.close();
  const lines: string[] = [];
  const say = (text: string) => void lines.push(text);
  const log = { debug: say, info: say, warn: say, error: say, status: say };
  await sayMove(id, organization, { client: accessTo((mode) => openLocal({ folder, ...mode }), limits), log });
  return lines;
}

describe("the preview of a configuration that goes to another organization", () => {
  const leaves = 'organization: the configuration leaves "default" for "berlin": it is destroyed there first, ';

  it.each([
    [
      "uninstalls",
      { onDestroy: "uninstall" },
      /which removes the agents .* installed anew.* Devices stay in "default"$/,
    ],
    [
      "leaves its agents",
      { onDestroy: "abandon" },
      /agents stay on its machines meanwhile\. Devices stay in "default"$/,
    ],
    ["removes its devices", { onDestroy: "uninstall", removeDevices: true }, /in an update of its own, keeps them$/],
  ])("says what the destroy before it does where that %s", async (_, given, expected) => {
    const [line = "", ...more] = await said(given, "berlin");
    expect(line.startsWith(leaves), line).toBe(true);
    expect(line).toMatch(expected);
    expect(more).toEqual([]);
  });

  it("says nothing where it stays, or is new", async () => {
    expect(await said({}, "default")).toEqual([]);
    expect(await said({}, "berlin", "config-2")).toEqual([]);
  });
});
