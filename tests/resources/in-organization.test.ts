import { describe, expect, it } from "vitest";
import { type ApplianceAccess, accessTo } from "../../provider/appliance/access.ts";
import type { LocalAppliance } from "../../provider/appliance/local/local.ts";
import { inOrganization } from "../../provider/appliance/organization.ts";
import { config as settings } from "../../provider/configuration.ts";
import { checkObject } from "../../provider/kit/define/check.ts";
import { type ErrorDetail, ProviderError } from "../../provider/kit/define/errors.ts";
import { unknown } from "../../provider/kit/define/value.ts";
import { agentSettings } from "../../provider/resources/agent-settings.ts";
import { agentToken } from "../../provider/resources/agent-token.ts";
import { agentUpdatePolicy } from "../../provider/resources/agent-update-policy.ts";
import { label } from "../../provider/resources/label.ts";
import { organization } from "../../provider/resources/organization.ts";
import { quarantineDecision } from "../../provider/resources/quarantine-decision.ts";
import { newFolder, openedIn } from "../appliance/local/folders.ts";

const about = { urn: "urn:pulumi:dev::e2e::kace:index:Thing::thing", logicalName: "thing" };

interface Site {
  readonly appliance: LocalAppliance;
  /** Everything on the appliance, as whoever has its folder. */
  readonly local: (organization?: string) => ApplianceAccess;
  /** As far as an API token of one organization, or of all, sees it. */
  readonly remote: (only: string | undefined, organization?: string) => ApplianceAccess;
  /** How often the appliance was asked for something. */
  readonly asked: () => number;
}

/** An appliance with the organizations berlin and bonn. */
async function site(): Promise<Site> {
  const appliance = await openedIn(newFolder());
  for (const name of ["berlin", "bonn"]) await appliance.createOrganization({ name });
  let asked = 0;
  const access = (isLocal: boolean, only?: string, organization?: string) => {
    const open = async () => {
      asked += 1;
      const opened = { ...appliance.actingAs({ who: "tests", organization: only }), close: async () => undefined };
      return organization === undefined ? opened : inOrganization(opened, organization);
    };
    return accessTo(open, { endpoint: "somewhere", isLocal, maxConcurrency: undefined, organization });
  };
  return {
    appliance,
    local: (organization) => access(true, undefined, organization),
    remote: (only, organization) => access(false, only, organization),
    asked: () => asked,
  };
}

function contextOf(client: ApplianceAccess) {
  const said: string[] = [];
  const note = (text: string) => void said.push(text);
  const log = { debug: note, info: note, warn: note, error: note, status: note };
  return { said, context: { client, log, signal: new AbortController().signal } };
}

async function refusal(work: Promise<unknown> | undefined): Promise<ErrorDetail> {
  const thrown = await work?.then(
    () => undefined,
    (error: unknown) => error,
  );
  if (!(thrown instanceof ProviderError)) throw new Error(`expected a refusal, got ${String(thrown)}`);
  return thrown;
}

describe("the organization of a resource", () => {
  it.each([
    { where: "a folder", setting: undefined, only: undefined, isLocal: true, expected: "default" },
    { where: "a folder", setting: "berlin", only: undefined, isLocal: true, expected: "berlin" },
    { where: "a server", setting: undefined, only: undefined, isLocal: false, expected: "default" },
    { where: "a server", setting: "bonn", only: undefined, isLocal: false, expected: "bonn" },
    { where: "a server, by a token of berlin", setting: undefined, only: "berlin", isLocal: false, expected: "berlin" },
    { where: "a server, by a token of berlin", setting: "bonn", only: "berlin", isLocal: false, expected: "bonn" },
  ])("is the provider's own where the program names none: $where, set to $setting", async (given) => {
    const { local, remote } = await site();
    const client = given.isLocal ? local(given.setting) : remote(given.only, given.setting);
    const supplied = await label.handlers.supply?.({ ...about, inputs: {}, old: undefined }, contextOf(client).context);
    expect(supplied).toEqual({ organization: given.expected });
  });

  it.each(["a/b", "berlin ", "-", "b\u00fcro", ""])("is not %j, whichever there are", (name) => {
    const { inputs } = label.descriptor;
    const config = settings.pick({ organization: true });
    expect(checkObject(inputs, { organization: name }).failures).toMatchObject([{ path: ["organization"] }]);
    expect(config.safeParse({ organization: name }).success).toBe(false);
    expect(checkObject(inputs, { organization: "b.1_2-c" }).failures).toEqual([]);
  });

  it("is asked for once, and again where there was no answer", async () => {
    const { remote, asked } = await site();
    const client = remote("berlin");
    await Promise.all([client.reach(), client.reach()]);
    await client.reach();
    expect(asked()).toBe(1);
    let fails = true;
    const shaky = accessTo(
      async () => {
        if (fails) throw new Error("no answer");
        return (await site()).appliance;
      },
      { endpoint: "somewhere", isLocal: false, maxConcurrency: undefined },
    );
    await expect(shaky.reach()).rejects.toThrow("no answer");
    fails = false;
    expect(await shaky.reach()).toEqual({ organization: "default", only: undefined });
  });

  it("is refused in the check where the API token is for another one", async () => {
    const { remote } = await site();
    const { context } = contextOf(remote("berlin"));
    const check = (organization: unknown) =>
      label.handlers.check?.({ ...about, inputs: { organization, name: "web" }, old: undefined }, context);
    expect(await check("berlin")).toEqual([]);
    expect(await check(unknown)).toEqual([]);
    expect(await check("bonn")).toEqual([
      {
        path: ["organization"],
        reason: expect.stringContaining(
          'there is no organization "bonn" for this API token, which is for "berlin": leave `organization` out',
        ),
      },
    ]);
  });

  it("is not looked into where the API token does not reach it, and what is there is not taken for gone", async () => {
    const { remote } = await site();
    const { context } = contextOf(remote("berlin"));
    const inputs = { organization: "bonn", name: "web" };
    const old = { inputs, outputs: { kind: "manual" as const } };
    const refused = {
      code: "permission-denied",
      path: ["organization"],
      message: 'it is in the organization "bonn", which this API token does not reach: that is for "berlin"',
    };
    await expect(label.handlers.read?.({ ...about, id: "label-1", old, given: {} }, context)).rejects.toMatchObject(
      refused,
    );
    await expect(label.handlers.delete({ ...about, id: "label-1", old }, context)).rejects.toMatchObject(refused);
    const moved = { ...about, inputs: { ...inputs, organization: "berlin" }, old: inputs };
    expect(await label.handlers.check?.(moved, context)).toEqual([
      { path: ["organization"], reason: expect.stringContaining('use an API token for "bonn", or one for all') },
    ]);
    const itself = { inputs: { name: "bonn" }, outputs: {} };
    const read = organization.handlers.read?.({ ...about, id: "bonn", old: itself, given: {} }, context);
    await expect(read).rejects.toMatchObject(refused);
  });

  it.each([
    ["not known yet", unknown],
    ["not made yet", "munich"],
  ])(
    "may be %s in a preview: what can be checked is checked, and nothing else is looked at",
    async (_, organization) => {
      const { local } = await site();
      const { context, said } = contextOf(local());
      const checking = { ...about, old: undefined };
      const filter = { any: [{ property: "label", operator: "equals", value: "other" }] };
      const ofLabel = { organization, name: "web", filter };
      const isNamed = typeof organization === "string";
      const missing = { path: ["filter", "any", 0, "value"], severity: "warning" };
      expect(await label.handlers.check?.({ ...checking, inputs: ofLabel }, context)).toMatchObject(
        isNamed ? [missing] : [],
      );
      expect(await label.handlers.previewCreate?.({ ...about, inputs: ofLabel }, context)).toEqual({});
      const unless = 'there is no organization "munich" yet: unless the same update makes it first, this is refused';
      expect(said).toEqual(isNamed ? [expect.stringContaining(unless)] : []);
      const window = { from: "06:00", to: "06:00" };
      expect(
        await agentSettings.handlers.check?.(
          { ...checking, inputs: { organization, communicationsWindow: window } },
          context,
        ),
      ).toMatchObject([{ path: ["communicationsWindow", "to"] }]);
      const ofAppliance = { organization, taskThroughput: 5, maxCheckInsPerHour: 1_000 };
      expect(await agentSettings.handlers.check?.({ ...checking, inputs: ofAppliance }, context)).toMatchObject(
        isNamed ? [{ path: ["taskThroughput"] }, { path: ["maxCheckInsPerHour"] }] : [],
      );
      const policy = { organization, labels: ["web"] }; // that is the label before
      expect(await agentUpdatePolicy.handlers.check?.({ ...checking, inputs: policy }, context)).toEqual([]);
    },
  );

  it("must be there when something is made in it, and need not be when something is deleted", async () => {
    const { local } = await site();
    const { context } = contextOf(local());
    const inputs = { organization: "munich", enabled: true, name: "site" };
    const error = await refusal(agentToken.handlers.create({ ...about, inputs, exists: () => undefined }, context));
    expect(error).toMatchObject({ path: ["organization"], message: 'there is no organization "munich"' });
    expect(error.hint).toContain("make it by an `Organization`");
    const gone = await refusal(
      agentSettings.handlers.delete(
        { ...about, id: "munich", old: { inputs: { organization: "munich" }, outputs: {} } },
        context,
      ),
    );
    expect(gone.code).toBe("not-found"); // which counts as deleted
  });

  it("is where things are made, changed and deleted, whatever the provider's own is by then", async () => {
    const { appliance, local } = await site();
    const inputs = { organization: "berlin", name: "web", machines: ["web01"] };
    const { id } = await label.handlers.create(
      { ...about, inputs, exists: () => undefined },
      contextOf(local("bonn")).context,
    );
    expect(await appliance.getLabel({ id })).toMatchObject({ organization: "berlin" });
    const old = { inputs, outputs: { kind: "manual" } };
    const { context } = contextOf(local("bonn"));
    const changed = { ...inputs, machines: ["web02"] };
    await label.handlers.update?.({ ...about, id, inputs: changed, old, changes: [] }, context);
    expect(await label.handlers.read?.({ ...about, id, old, given: {} }, context)).toMatchObject({
      inputs: { organization: "berlin", machines: ["web02"] },
    });
    await label.handlers.delete({ ...about, id, old }, context);
    expect((await appliance.listLabels({ organization: "berlin" })).labels).toEqual([]);
  });
});

describe("an import", () => {
  it("of the organization that there always is, is refused", async () => {
    const { context } = contextOf((await site()).local());
    const read = organization.handlers.read?.({ ...about, id: "default", old: undefined, given: {} }, context);
    expect(await refusal(read)).toMatchObject({
      code: "invalid-input",
      message: 'the organization "default" is always there: no program makes or deletes it',
    });
  });

  it.each([
    ["default/web", "default"],
    ["berlin/web", "berlin"],
    ["web", "bonn"],
    ["berlin/a/b", "berlin"],
    ["a/b", undefined],
    ["berlin/", undefined],
    ["nothing", undefined],
    ["default/nothing", undefined],
  ])("by %j", async (id, organization) => {
    const { appliance, local } = await site();
    for (const of of ["default", "berlin", "bonn"]) await appliance.saveLabel({ organization: of, name: "web" });
    await appliance.saveLabel({ organization: "berlin", name: "a/b" });
    const read = () =>
      label.handlers.read?.({ ...about, id, old: undefined, given: {} }, contextOf(local("bonn")).context);
    if (id === "a/b") {
      expect(await refusal(read())).toMatchObject({ path: ["organization"] });
    } else {
      const found = await read();
      expect(found?.inputs["organization"]).toBe(organization);
      if (found !== undefined) expect(await appliance.getLabel({ id: found.id ?? "" })).toMatchObject({ organization });
    }
  });

  it.each([
    ["AgentSettings", agentSettings, "the settings", "kace settings reset"],
    ["AgentUpdatePolicy", agentUpdatePolicy, "the update policy", "kace policy reset"],
  ])("of the %s that another resource has is refused, and a look-up is not", async (_, resource, what, repair) => {
    const { appliance, local } = await site();
    const { context } = contextOf(local());
    await appliance.updateSettings({ organization: "berlin", runIntervalSeconds: 7_200 });
    await appliance.saveUpdatePolicy({ organization: "berlin", notes: "by hand" });
    const read = (isImport: boolean, urn = about.urn) =>
      resource.handlers.read?.({ ...about, urn, id: "berlin", old: undefined, given: {}, isImport }, context);
    expect(await read(true)).toMatchObject({ outputs: { managedBy: about.urn } });
    const another = `${about.urn}-of-another`;
    await appliance.updateSettings({ organization: "berlin", urn: another });
    await appliance.saveUpdatePolicy({ organization: "berlin", urn: another });
    const error = await refusal(read(true));
    expect(error).toMatchObject({ code: "conflict", hint: expect.stringContaining(repair) });
    expect(error.message).toMatch(new RegExp(`^${what} of organization "berlin" belongs? to ${another} already$`));
    expect(await read(true, another)).toMatchObject({ outputs: { managedBy: another } });
    // What is only looked up stays whose it is, for a refresh as well.
    const found = await read(false);
    expect(found).toMatchObject({ outputs: { managedBy: another } });
    const old = { inputs: { organization: "berlin" }, outputs: { ...found?.outputs } };
    expect(await resource.handlers.read?.({ ...about, id: "berlin", old, given: {} }, context)).toMatchObject({
      outputs: { managedBy: another },
    });
  });

  it("of what was made for another resource says so, and a look-up says nothing", async () => {
    const { appliance, local } = await site();
    const another = `${about.urn}-of-another`;
    const made = await appliance.saveLabel({ organization: "berlin", name: "web", urn: another });
    await appliance.saveLabel({ organization: "berlin", name: "by hand" });
    await appliance.createOrganization({ name: "munich", urn: another });
    const said = async (resource: typeof label, id: string, isImport: boolean, urn = about.urn) => {
      const { said: lines, context } = contextOf(local());
      await resource.handlers.read?.({ ...about, urn, id, old: undefined, given: {}, isImport }, context);
      return lines;
    };
    const warning = [expect.stringContaining(`it was made for ${another}: while the stack of that has it`)];
    for (const id of [made.id, "berlin/web"]) {
      expect(await said(label, id, true)).toEqual(warning);
      expect(await said(label, id, false)).toEqual([]);
      expect(await said(label, id, true, another)).toEqual([]);
    }
    expect(await said(label, "berlin/by hand", true)).toEqual([]);
    expect(await said(label, "berlin/nobody", true)).toEqual([]);
    expect(await said(organization, "munich", true)).toEqual(warning);
    expect(await said(organization, "munich", false)).toEqual([]);
    expect(await said(organization, "munich", true, another)).toEqual([]);
    expect(await said(organization, "berlin", true)).toEqual([]);
  });

  it("takes the id of what there is, in whichever organization", async () => {
    const { appliance, local } = await site();
    const { id } = await appliance.saveLabel({ organization: "berlin", name: "web" });
    const found = await label.handlers.read?.({ ...about, id, old: undefined, given: {} }, contextOf(local()).context);
    expect(found?.inputs).toMatchObject({ organization: "berlin", name: "web" });
  });

  it("finds tokens and decisions by name too", async () => {
    const { appliance, local } = await site();
    const token = await appliance.createToken({ organization: "berlin", name: "site" });
    const decision = await appliance.saveQuarantineDecision({
      organization: "berlin",
      name: "one",
      verdict: "block",
      kuid: "00000000-one",
    });
    const { context } = contextOf(local());
    const asking = { ...about, old: undefined, given: {} };
    expect((await agentToken.handlers.read?.({ ...asking, id: "berlin/site" }, context))?.id).toBe(token.id);
    expect((await quarantineDecision.handlers.read?.({ ...asking, id: "berlin/one" }, context))?.id).toBe(decision.id);
  });
});
