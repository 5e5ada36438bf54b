import { describe, expect, it } from "vitest";
import { accessTo } from "../../provider/appliance/access.ts";
import { openLocal } from "../../provider/appliance/local/local.ts";
import { getAgentUpdates } from "../../provider/functions/get-agent-updates.ts";
import { getHistory } from "../../provider/functions/get-history.ts";
import { getLabelMembers } from "../../provider/functions/get-label-members.ts";
import { getNextRuns } from "../../provider/functions/get-next-runs.ts";
import { getProvisionedConfigurations } from "../../provider/functions/get-provisioned-configurations.ts";
import { pickMachines } from "../../provider/functions/pick-machines.ts";
import type { Properties } from "../../provider/kit/define/resource.ts";
import { newFolder, openedIn } from "../appliance/local/folders.ts";

const nothing = () => undefined;
const log = { debug: nothing, info: nothing, warn: nothing, error: nothing, status: nothing };

/** An appliance with a label, a bundle and a configuration in the organization berlin, and with nothing in default. */
async function site() {
  const folder = newFolder();
  const appliance = await openedIn(folder);
  await appliance.createOrganization({ name: "berlin" });
  const organization = "berlin";
  await appliance.saveLabel({ organization, name: "web", machines: ["web01"] });
  await appliance.saveBundle({ organization, name: "agents", version: "1.4.2", flavour: "reference", packages: [] });
  const description = { targets: "web01", schedule: { every: "monday", at: "6:00" } };
  await appliance.saveConfiguration({ organization, id: "c", name: "fleet", description, runInputs: "{}" });
  const client = accessTo(({ readOnly }) => openLocal({ folder, readOnly }), {
    endpoint: "local",
    isLocal: true,
    maxConcurrency: undefined,
  });
  const context = { client, log, signal: new AbortController().signal };
  return (asked: typeof getLabelMembers, inputs: Properties) =>
    asked.handler.handle({ inputs, preview: false }, context);
}

describe("a function", () => {
  it("looks in the organization that is named", async () => {
    const ask = await site();
    const among = { organization: "berlin" };
    expect(await ask(getLabelMembers, { ...among, label: "web" })).toMatchObject({ pending: ["web01"] });
    await expect(ask(getLabelMembers, { label: "web" })).rejects.toThrow("has no label web");
    expect(await ask(getAgentUpdates, among)).toMatchObject({ bundles: [{ name: "agents" }] });
    expect(await ask(getAgentUpdates, {})).toMatchObject({ bundles: [] });
    expect(await ask(getProvisionedConfigurations, among)).toMatchObject({ configurations: [{ name: "fleet" }] });
    expect(await ask(getProvisionedConfigurations, {})).toEqual({ configurations: [] });
    const labels = { what: "label", limit: 100 };
    expect(await ask(getHistory, { ...among, ...labels })).toMatchObject({ entries: [{ name: "web" }] });
    expect(await ask(getHistory, { organization: "default", ...labels })).toMatchObject({ entries: [] });
    expect(await ask(getHistory, labels)).toMatchObject({ entries: [{ name: "web" }] });
    const runs = { configuration: "fleet", count: 1 };
    expect(await ask(getNextRuns, { ...among, ...runs })).toMatchObject({ description: "every monday at 06:00" });
    await expect(ask(getNextRuns, runs)).rejects.toThrow("has no configuration fleet");
  });

  it("says where there is no such organization, or where it would mean nothing", async () => {
    const ask = await site();
    await expect(ask(getProvisionedConfigurations, { organization: "bonn" })).rejects.toMatchObject({
      path: ["organization"],
      message: 'there is no organization "bonn"',
    });
    await expect(
      ask(pickMachines, { from: "range", targets: { ips: "10.0.0.1" }, organization: "berlin" }),
    ).rejects.toMatchObject({ path: ["organization"] });
  });
});
