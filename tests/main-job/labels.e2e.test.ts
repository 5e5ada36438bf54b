import { createHash } from "node:crypto";
import { describe, expect, it } from "vitest";
import { Project, ref } from "../e2e/project.ts";
import { using } from "./behind-its-back.ts";
import { KACE } from "./kace-plugin.ts";
import { serving } from "./serving.ts";

/** Many runs of the CLI one after the other, on a machine that may be busy. */
const SLOW = { timeout: 900_000 };

const kuidOf = (name: string) => `00000000-0000-4000-8000-${name.padStart(12, "0")}`;

/** A device comes without a token, or comes back. */
async function come(project: Project, name: string): Promise<string> {
  const { state } = await using(project, (appliance) =>
    appliance.enrolDevice({
      kuid: kuidOf(name),
      publicKey: createHash("sha256").update(name).digest("base64url"),
      hostname: `${name}.corp.example`,
      agentVersion: "1.4.2",
      flavour: "reference",
      os: { platform: "linux", id: "debian", version: "12", name: "Debian GNU/Linux 12", architecture: "amd64" },
      machineId: "",
      addresses: ["10.20.0.1"],
      macs: [],
    }),
  );
  return state;
}

const stateOf = (project: Project, name: string) =>
  using(project, async (appliance) => (await appliance.getDevice({ kuid: kuidOf(name) })).state);

const isWeb = { property: "hostname", operator: "startsWith", value: "web" };

function named(label: string) {
  return { all: [{ property: "label", operator: "equals", value: label }] };
}

describe("labels", SLOW, () => {
  it("are made, changed, found changed by others, imported, kept while used, gone", async () => {
    const project = await Project.yaml({}, { plugin: KACE });
    const write = (listed: object, both: object) =>
      project.write({
        resources: {
          listed: { type: "kace:Label", properties: { name: "listed", ...listed } },
          both: { type: "kace:Label", properties: { name: "both", ...both } },
        },
      });
    const uses = { filter: { any: [isWeb, { property: "label", operator: "equals", value: ref("listed.name") }] } };
    await write({ machines: ["db01", "web01"] }, uses);
    expect(await project.succeed(["preview"])).toContain("kace:index:Label both create");
    expect(await using(project, async (appliance) => (await appliance.listLabels({})).labels)).toEqual([]);
    await project.up();
    await project.expectSettled();
    const { id = "" } = await project.recordedAs("listed");

    // The order of the machines means nothing; their number does.
    await write({ machines: ["web01", "db01"] }, uses);
    await project.expectSettled();
    await write({ machines: ["web01"], description: "the first" }, uses);
    const { listed: planned } = await project.plan();
    expect(planned?.op).toBe("update");
    expect(Object.keys(planned?.detailedDiff ?? {}).join(" ")).toContain("description");
    await project.up();
    await project.expectSettled();

    // Somebody puts a machine into it by hand: a refresh sees it, and the next update takes it out.
    await using(project, (appliance) => appliance.changeLabelMachines({ id, add: ["db02"] }));
    await project.succeed(["refresh", "--yes", "--skip-preview"]);
    const { listed: drifted } = await project.plan();
    expect(Object.keys(drifted?.detailedDiff ?? {}).join(" ")).toContain("machines");
    await project.up();
    expect(await using(project, async (appliance) => (await appliance.getLabel({ id })).machines)).toEqual(["web01"]);

    // A new name is followed by whoever names it.
    await write({ name: "first", machines: ["web01"] }, uses);
    await project.up();
    await project.expectSettled();

    // Left to others, its machines are no part of the state.
    await write({ name: "first" }, uses);
    await project.up();
    await using(project, (appliance) => appliance.changeLabelMachines({ id, add: ["db09"] }));
    await project.expectSettled();
    expect(await using(project, async (appliance) => (await appliance.getLabel({ id })).machines)).toContain("db09");

    // While another names it, it cannot be deleted.
    await write({ name: "first" }, { filter: named("first") });
    await project.up();
    await project.write({
      resources: { both: { type: "kace:Label", properties: { name: "both", filter: named("first") } } },
    });
    expect(await project.fail(["up", "--yes", "--skip-preview"])).toContain('label "first" is used by label "both"');

    // Who names it by reference is deleted before it: the engine knows the order.
    await write({ name: "first" }, uses);
    await project.up();

    const found = await using(project, (appliance) =>
      appliance.saveLabel({ name: "older", filter: { none: [{ ...isWeb, property: "os.id", operator: "equals" }] } }),
    );
    const args = ["kace:index:Label", "older", found.id, "--yes", "--protect=false", "--generate-code=false"];
    expect(await project.succeed(["import", ...args])).not.toContain("it was made for");
    expect((await project.recordedAs("older")).inputs).toMatchObject({ name: "older", filter: found.filter });
    const urn = "urn:pulumi:prod::other::kace:index:Label::web";
    await using(project, (appliance) => appliance.saveLabel({ name: "theirs", urn }));
    const taken = [
      "import",
      "kace:index:Label",
      "taken",
      "theirs",
      "--yes",
      "--protect=false",
      "--generate-code=false",
    ];
    expect(await project.succeed(taken)).toContain(`it was made for ${urn}: while the stack of that has it`);
    expect(await project.fail(["import", "kace:index:Label", "lost", "label-0", "--yes"])).toContain("does not exist");
    await project.write({});
    await project.succeed(["destroy", "--yes", "--skip-preview"]);
    expect(await using(project, async (appliance) => (await appliance.listLabels({})).labels)).toEqual([]);
  });

  it("that cannot be right are refused in the preview, at the property that is at fault", async () => {
    const project = await Project.yaml({}, { plugin: KACE });
    await using(project, async (appliance) => {
      await appliance.saveLabel({ name: "two", machines: [] });
      await appliance.saveLabel({
        name: "three",
        filter: { all: [{ property: "label", operator: "equals", value: "two" }] },
      });
    });
    const condition = (property: string, operator: string, value: string) => ({
      all: [isWeb, { property, operator, value }],
    });
    for (const [properties, ...reasons] of [
      [{ machines: [], filter: { all: [isWeb] } }, "filter", "not both"],
      [{ filter: {} }, "filter", "at least one condition"],
      [{ filter: condition("hostname", "inRange", "10.0.0.0/8") }, "filter.all[1].operator", "inRange says nothing"],
      [{ filter: condition("address", "inRange", "10.0.0.0/99") }, "filter.all[1].value", "expected a range"],
      [{ filter: condition("os.id", "is", "debian") }, "filter.all[1].operator"],
      [{ machines: ["web 01"] }, "machines[0]", "without blanks"],
      [{ name: "one", filter: condition("label", "equals", "one") }, "filter.all[1].value", "one -> one"],
    ] as const) {
      await project.write({ resources: { label: { type: "kace:Label", properties } } });
      const said = await project.fail(["preview"]);
      for (const reason of reasons) expect(said).toContain(reason);
    }
    // The label "two" is the program's own from now on, and would come to mean itself by way of "three".
    const { id } = await using(project, async (appliance) => {
      const found = await appliance.findLabelByName({ name: "two" });
      if (found === null) throw new Error("the label is gone");
      return found;
    });
    const imported = ["kace:index:Label", "two", id, "--yes", "--protect=false", "--generate-code=false"];
    await project.write({});
    await project.succeed(["import", ...imported]);
    await project.write({
      resources: { two: { type: "kace:Label", properties: { name: "two", filter: named("three") } } },
    });
    expect(await project.fail(["preview"])).toContain("two -> three -> two");
  });
});

describe("decisions about the quarantine", SLOW, () => {
  it("are made, overruled by hand, put right, and taken back", async () => {
    const project = await Project.yaml({}, { plugin: KACE });
    for (const name of ["web01", "web02", "guest1"]) expect(await come(project, name)).toBe("quarantined");
    const one = { decision: "approve", kuid: kuidOf("web01") };
    const rule = { decision: "block", rule: { all: [{ property: "hostname", operator: "matches", value: "guest*" }] } };
    const write = (first: object, second: object) =>
      project.write({
        resources: {
          one: { type: "kace:QuarantineDecision", properties: { name: "one", ...first } },
          guests: { type: "kace:QuarantineDecision", properties: { name: "guests", ...second } },
        },
      });
    await write(one, rule);
    await project.succeed(["preview"]);
    expect(await stateOf(project, "web01")).toBe("quarantined");
    await project.up();
    await project.expectSettled();
    expect(await stateOf(project, "web01")).toBe("approved");
    expect(await stateOf(project, "web02")).toBe("quarantined");
    expect(await stateOf(project, "guest1")).toBe("blocked");
    expect(await come(project, "guest2")).toBe("blocked");
    await project.expectSettled();

    // Somebody decides otherwise by hand: a refresh sees it, and the next update decides anew.
    await using(project, (appliance) => appliance.setDeviceState({ kuid: kuidOf("web01"), state: "blocked" }));
    await project.succeed(["refresh", "--yes", "--skip-preview"]);
    const { one: drifted } = await project.plan();
    expect(Object.keys(drifted?.detailedDiff ?? {})).toContain("inForce");
    await project.up();
    expect(await stateOf(project, "web01")).toBe("approved");
    await project.expectSettled();

    await write({ ...one, kuid: kuidOf("web02") }, { ...rule, priority: 5 });
    await project.up();
    await project.expectSettled();
    expect(await stateOf(project, "web01")).toBe("quarantined");
    expect(await stateOf(project, "web02")).toBe("approved");

    const { id = "" } = await project.recordedAs("guests");
    await project.succeed(["state", "delete", (await project.recordedAs("guests")).urn, "--yes"]);
    const imported = [
      "kace:index:QuarantineDecision",
      "guests",
      id,
      "--yes",
      "--protect=false",
      "--generate-code=false",
    ];
    await project.succeed(["import", ...imported]);
    await project.expectSettled();

    await project.succeed(["destroy", "--yes", "--skip-preview"]);
    expect(await stateOf(project, "web02")).toBe("quarantined");
    expect(await stateOf(project, "guest1")).toBe("blocked");
  });

  it("that cannot be right are refused in the preview, at the property that is at fault", async () => {
    const project = await Project.yaml({}, { plugin: KACE });
    const rule = { all: [isWeb] };
    for (const [properties, ...reasons] of [
      [{ decision: "approve" }, "expected `kuid`"],
      [{ decision: "approve", kuid: kuidOf("web01"), rule }, "rule", "not both"],
      [{ decision: "approve", kuid: kuidOf("web01"), priority: 1 }, "priority", "only rules have an order"],
      [{ decision: "approve", kuid: "web 01" }, "kuid", "identity of a device"],
      [{ decision: "approve", rule: named("web") }, "rule.all[0].property", "has no labels"],
      [{ decision: "perhaps", rule }, "decision"],
      [{ decision: "approve", rule, priority: -1 }, "priority"],
    ] as const) {
      await project.write({ resources: { it: { type: "kace:QuarantineDecision", properties } } });
      const said = await project.fail(["preview"]);
      for (const reason of reasons) expect(said).toContain(reason);
    }
  });
});

function invoke(name: string, args: object) {
  return { "fn::invoke": { function: `kace:${name}`, arguments: args } };
}

it("functions pick machines, show the quarantine and tell the history", SLOW, async () => {
  const project = await Project.yaml({}, { plugin: KACE });
  const server = await serving(project.world);
  for (const name of ["web01", "library-1", "library-2", "library-10", "guest1"]) await come(project, name);
  await using(project, async (appliance) => {
    for (const name of ["web01", "library-1", "library-2", "library-10"])
      await appliance.setDeviceState({ kuid: kuidOf(name), state: "approved" });
    const { id } = await appliance.saveLabel({ name: "some", machines: ["library-2", "web01", "web09"] });
    await appliance.changeLabelMachines({ id, remove: ["nobody"] });
    await appliance.recordKeyConflict({
      kuid: kuidOf("web01"),
      publicKey: createHash("sha256").update("a copy").digest("base64url"),
      hostname: "copy",
      machineId: "",
      addresses: [],
    });
  });
  await project.write({
    variables: {
      range: invoke("pickMachines", { from: "range", targets: { ipRanges: "10.0.0-1.1-50" }, filter: ".1.", limit: 2 }),
      scanned: invoke("pickMachines", { from: "scan", targets: { ips: "127.0.0.1" }, ports: [server.port] }),
      libraries: invoke("pickMachines", { from: "inventory", filter: "LIB", limit: 2 }),
      labelled: invoke("pickMachines", { from: "inventory", labels: ["some"], limit: 0 }),
      members: invoke("getLabelMembers", { label: "some" }),
      quarantine: invoke("getQuarantine", {}),
      history: invoke("getHistory", { who: "somebody", what: "setDeviceState", since: "1d", limit: 3 }),
    },
    outputs: Object.fromEntries(
      ["range", "scanned", "libraries", "labelled", "members", "quarantine", "history"].map((name) => [
        name,
        ref(name),
      ]),
    ),
  });
  // Of the YAML runtime's two invocations of a function either may bring the warning.
  expect(await project.up()).toContain("a range includes addresses where no machine is");
  const outputs = JSON.parse((await project.run(["stack", "output", "--json"])).stdout);
  expect(outputs.range).toEqual({
    count: 50,
    machines: [
      { machine: "10.0.1.1", address: "10.0.1.1" },
      { machine: "10.0.1.2", address: "10.0.1.2" },
    ],
  });
  expect(outputs.scanned).toMatchObject({ count: 1, machines: [{ address: "127.0.0.1" }] });
  expect(outputs.libraries).toMatchObject({
    count: 3,
    machines: [{ machine: "library-1.corp.example" }, { machine: "library-2.corp.example", connected: false }],
  });
  expect(outputs.labelled).toMatchObject({
    count: 2,
    machines: [{ kuid: kuidOf("library-2") }, { kuid: kuidOf("web01") }],
  });
  expect(outputs.members).toMatchObject({ count: 2, pending: ["web09"] });
  expect(outputs.quarantine).toMatchObject({
    count: 1,
    devices: [{ hostname: "guest1.corp.example", state: "quarantined", reason: "no-token" }],
    duplicates: [{ kuid: kuidOf("web01"), hostname: "copy", attempts: 1 }],
  });
  expect(outputs.history).toMatchObject({ truncated: true });
  expect(outputs.history.entries).toHaveLength(3);
  expect(outputs.history.entries[0]).toMatchObject({
    who: "somebody else",
    name: "library-10.corp.example",
    changes: [{ property: "state", from: "quarantined", to: "approved" }],
  });

  for (const [name, args, reason] of [
    ["pickMachines", { from: "range" }, "a range needs to be told which machines to look among"],
    ["pickMachines", { from: "inventory", labels: ["nobody's"] }, "the appliance has no label nobody's"],
    ["pickMachines", { from: "inventory", targets: { ips: "127.0.0.1" } }, "`targets` means nothing"],
    ["pickMachines", { from: "range", targets: { ips: "127.0.0.1" }, labels: ["some"] }, "`labels` means nothing"],
    ["getLabelMembers", { label: "nobody's" }, "the appliance has no label nobody's"],
    ["getHistory", { since: "yesterday" }, "expected a date"],
  ] as const) {
    await project.write({ variables: { it: invoke(name, args) }, outputs: { it: ref("it") } });
    expect(await project.fail(["preview"])).toContain(reason);
  }
});
