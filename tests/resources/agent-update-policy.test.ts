import { createHash } from "node:crypto";
import { Readable } from "node:stream";
import { describe, expect, it } from "vitest";
import { accessTo } from "../../provider/appliance/access.ts";
import { type PolicyFinding, wantedVersion } from "../../provider/appliance/operations/update-policy.ts";
import { checkObject } from "../../provider/kit/define/check.ts";
import type { PreviewOf } from "../../provider/kit/define/plain.ts";
import { unknown } from "../../provider/kit/define/value.ts";
import { agentUpdatePolicy } from "../../provider/resources/agent-update-policy.ts";
import { findingsOf, findingsOfLifted, plannedLine } from "../../provider/resources/agent-update-policy-check.ts";
import type { PolicyInputs } from "../../provider/resources/agent-update-policy-inputs.ts";
import { device } from "../appliance/devices.ts";
import { newFolder, openedIn } from "../appliance/local/folders.ts";

const urn = "urn:pulumi:dev::site::kace:index:AgentUpdatePolicy::updates";
const filter: PolicyInputs["filter"] = { all: [{ property: "hostname", operator: "matches", value: "web*" }] };

describe("a policy that is for everybody", () => {
  it.each<[string, PreviewOf<PolicyInputs>, string[]]>([
    ["labels", { labels: ["berlin"] }, ["labels"]],
    ["labels that are not known", { labels: unknown }, ["labels"]],
    ["a label whose name is not known", { labels: [unknown] }, ["labels"]],
    ["machines", { machines: ["web01"] }, ["machines"]],
    ["a filter, while something else is not known", { filter, notes: unknown }, ["filter"]],
    ["all of them", { labels: ["berlin"], machines: ["web01"], filter }, ["labels", "machines", "filter"]],
    ["lists of nothing", { labels: [], machines: [] }, []],
    ["no limit", {}, []],
  ])("is refused before it is set with %s", (_, limits, properties) => {
    const findings = findingsOfLifted({ enabled: true, allMachines: true, ...limits });
    expect(findings.map(({ path }) => path)).toEqual(properties.map((property) => [property]));
    for (const { reason, severity } of findings) {
      expect(reason).toContain("`allMachines` lifts all limits: leave one of them out");
      expect(severity).toBeUndefined();
    }
    expect(findingsOfLifted({ ...limits, allMachines: false })).toEqual([]);
    expect(findingsOfLifted({ ...limits, allMachines: unknown })).toEqual([]);
  });
});

it("keeps what the appliance says of labels, and not that one is still to be made", () => {
  const finding: PolicyFinding = { path: ["labels"], message: "it cannot be", severity: "failure" };
  const missing: PolicyFinding = {
    path: ["labels", 0],
    message: 'there is no label "berlin" yet',
    severity: "warning",
  };
  expect(findingsOf({ findings: [finding, missing] })).toEqual([
    { path: ["labels"], reason: "it cannot be", severity: "failure" },
  ]);
});

describe("the version of a policy", () => {
  const failuresOf = (version: string) => checkObject(agentUpdatePolicy.descriptor.inputs, { version }).failures;

  it.each(["LATEST", "Latest", "N-1", "newest", "v", ""])("is not %j, at its own place", (version) => {
    expect(failuresOf(version)).toEqual([
      { path: ["version"], problem: "value", reason: 'expected "latest", "n-1" or a version, such as "14.1.19"' },
    ]);
  });

  it.each(["latest", "n-1", "14.1.19", "v14.1.19", "V14.1.19", "14.1.19-RC1"])("may be %j", (version) => {
    expect(failuresOf(version)).toEqual([]);
    expect(wantedVersion.safeParse(version).success).toBe(true);
  });
});

describe("what a policy would do now", () => {
  const counts = {
    total: 9,
    meant: 6,
    broken: 0,
    right: 2,
    update: 2,
    updating: 0,
    waiting: 1,
    refused: 1,
    notConnected: 1,
  };
  const machine = { kuid: "", hostname: "web1", agentVersion: "1.4.2", connected: true, broken: false };
  const updated = { ...machine, verdict: "update", version: "1.5.0", nextVersion: "1.5.0" } as const;
  const right = { ...machine, verdict: "right", version: "1.9.0" } as const;

  it("is said in one line", () => {
    expect(plannedLine({ findings: [], counts, machines: [updated, right, updated] })).toBe(
      "2 of 6 machines would be updated now, to 1.5.0; 1 waiting; 2 right already; 1 refused",
    );
    const machines = [updated, { ...updated, nextVersion: "1.4.9" }];
    expect(plannedLine({ findings: [], counts, machines })).toContain("would be updated now, to 1.5.0 or 1.4.9; ");
  });

  it("is not said where labels or bundles are still to be made, or there is no machine", () => {
    const finding: PolicyFinding = {
      path: ["labels", 0],
      message: 'there is no label "berlin" yet',
      severity: "warning",
    };
    expect(plannedLine({ findings: [finding], counts, machines: [] })).toBeUndefined();
    const none = { ...counts, right: 0, update: 0, waiting: 0, refused: 0 };
    expect(plannedLine({ findings: [], counts: none, machines: [] })).toBeUndefined();
  });
});

describe("an update policy on an appliance", () => {
  async function opened() {
    const appliance = await openedIn(newFolder());
    const client = accessTo(async () => ({ ...appliance, close: async () => undefined }), {
      endpoint: "local",
      isLocal: true,
      maxConcurrency: undefined,
    });
    const said: string[] = [];
    const ignore = () => undefined;
    const log = {
      debug: ignore,
      info: (text: string) => void said.push(text),
      warn: (text: string) => void said.push(`warning: ${text}`),
      error: ignore,
      status: ignore,
    };
    const context = { client, log, signal: new AbortController().signal };
    return { appliance, context, said };
  }
  const identity = { urn, logicalName: "updates" };

  it("is refused with a label in its check, and at creation at the label", async () => {
    const { appliance, context } = await opened();
    await appliance.saveLabel({ name: "berlin" });
    const inputs = { enabled: true, allMachines: true, labels: ["berlin"] };
    const { handlers } = agentUpdatePolicy;
    expect(await handlers.check?.({ ...identity, inputs, old: undefined }, context)).toMatchObject([
      { path: ["labels"] },
    ]);
    await expect(handlers.create({ ...identity, inputs, exists: () => undefined }, context)).rejects.toMatchObject({
      path: ["labels"],
      message: expect.stringMatching(/^`labels` limits the policy/),
    });
  });

  it.each<[keyof PolicyInputs, PolicyInputs]>([
    ["labels", { labels: ["empty"] }],
    ["filter", { filter: { all: [{ property: "hostname", operator: "matches", value: "db*" }] } }],
    ["machines", { machines: ["db01"] }],
    ["enabled", { labels: ["empty"], machines: ["db01"] }],
  ])("that is for nobody is warned of at %s", async (property, limits) => {
    const { appliance, context } = await opened();
    await appliance.saveLabel({ name: "empty" });
    const { value } = await appliance.createToken({ name: "fleet" });
    for (const number of [1, 2]) await appliance.enrolDevice(device(number, { token: value }));
    const found = await agentUpdatePolicy.handlers.check?.(
      { ...identity, inputs: { organization: "default", enabled: true, ...limits }, old: undefined },
      context,
    );
    const reason = "the policy is for nobody now: none of the 2 approved agents is meant";
    expect(found).toContainEqual({ path: [property], severity: "warning", reason });
  });

  it("that another resource has is refused in a preview, and a label that is still to be made is warned of", async () => {
    const { appliance, context, said } = await opened();
    const { check, previewCreate, previewUpdate } = agentUpdatePolicy.handlers;
    const inputs: PolicyInputs = {
      organization: "default",
      labels: ["berlin"],
      filter: { none: [{ property: "label", operator: "equals", value: "bonn" }] },
    };
    const missing = async (given: PreviewOf<PolicyInputs> = inputs) =>
      (await check?.({ ...identity, inputs: { ...given }, old: undefined }, context))?.filter(({ reason }) =>
        reason.startsWith("there is no label"),
      );
    expect(await missing()).toMatchObject([
      { path: ["labels", 0], severity: "warning", reason: expect.stringContaining('there is no label "berlin" yet') },
      { path: ["filter", "none", 0, "value"], reason: expect.stringContaining('there is no label "bonn" yet') },
    ]);
    // One of them comes by in the same program, and what is known of the rest is said though something is not known yet.
    context.client.names.give(`${urn}-label`, { kind: "Label", organization: "default", name: "berlin" });
    expect(await missing({ ...inputs, notes: unknown })).toMatchObject([{ path: ["filter", "none", 0, "value"] }]);
    for (const name of ["berlin", "bonn"]) await appliance.saveLabel({ name });
    expect(await missing()).toEqual([]);
    await appliance.saveUpdatePolicy({ urn });
    await previewCreate?.({ ...identity, inputs }, context);
    expect(said).toEqual([]);
    await appliance.resetUpdatePolicy({});
    await appliance.saveUpdatePolicy({ urn: `${urn}-of-another` });
    const refused = { message: expect.stringContaining(`belongs to ${urn}-of-another already`), code: "conflict" };
    await expect(previewCreate?.({ ...identity, inputs: { notes: unknown } }, context)).rejects.toMatchObject(refused);
    const outputs = { organization: "default", counts: { total: 0, meant: 0, right: 0, refused: 0, notConnected: 0 } };
    const old = { inputs, outputs: { ...outputs, held: undefined, distributionTimestamp: undefined } };
    const update = { ...identity, id: "default", inputs, old, changes: [] };
    await expect(previewUpdate?.(update, context)).rejects.toMatchObject(refused);
  });

  it("says in a preview what it would do, and changes nothing", async () => {
    const { appliance, context, said } = await opened();
    const { handlers } = agentUpdatePolicy;
    const inputs = { enabled: true, machines: ["web1"] };
    await handlers.previewCreate?.({ ...identity, inputs }, context);
    expect(said).toEqual([]);
    const { value } = await appliance.createToken({ name: "fleet" });
    for (const number of [1, 2]) await appliance.enrolDevice(device(number, { token: value }));
    const bytes = Buffer.from("package");
    const sha256 = createHash("sha256").update(bytes).digest("hex");
    await appliance.putPackage(sha256, bytes.length, Readable.from([bytes]));
    const file = {
      fileName: "kace-reference-agent_1.5.0_amd64.deb",
      platform: "linux",
      architecture: "amd64",
      format: "deb",
    } as const;
    const packages = [{ ...file, version: "1.5.0", sha256, sizeBytes: bytes.length }];
    await appliance.saveBundle({ name: "agents 1.5.0", version: "1.5.0", flavour: "reference", packages });
    await handlers.previewCreate?.({ ...identity, inputs }, context);
    expect(said).toEqual(["0 of 1 machines would be updated now; 1 waiting"]);
    await handlers.previewCreate?.({ ...identity, inputs: { ...inputs, notes: unknown } }, context);
    expect(said).toHaveLength(1);
    expect(await appliance.getUpdatePolicy({})).toMatchObject({ exists: false });
  });
});
