import { createHash } from "node:crypto";
import { beforeEach, describe, expect, it } from "vitest";
import type { Input, Output } from "../../provider/appliance/appliance.ts";
import { thisProcess } from "../../provider/appliance/local/process-identity.ts";
import { DEFAULT_UPDATE_POLICY } from "../../provider/appliance/operations/update-policy.ts";
import { device, kuidOf, refusal } from "./devices.ts";
import type { Subject } from "./subject.ts";

const HOUR_MS = 3_600_000;

type Changes = Omit<Input<"saveUpdatePolicy">, "organization">;

const withLabel = (value: string): NonNullable<Changes["filter"]> => ({
  all: [{ property: "label", operator: "equals", value }],
});

/** What every appliance does about update policies: part of the contract. @param opened the subject of the test that runs */
export function updatePolicyContract(opened: () => Subject): void {
  const appliance = () => opened().appliance;
  const save = (changes: Changes = {}) => appliance().saveUpdatePolicy(changes);
  const get = () => appliance().getUpdatePolicy({});
  const step = () => appliance().stepUpdates({});

  /** Loads a bundle with one package of the reference agent. */
  async function load(version: string, content = version, more: Partial<Input<"saveBundle">> = {}) {
    const bytes = Buffer.from(`package ${content}`);
    const sha256 = createHash("sha256").update(bytes).digest("hex");
    async function* stream() {
      yield bytes;
    }
    await appliance().putPackage(sha256, bytes.length, stream());
    const fileName = `kace-reference-agent_${version}_amd64.deb`;
    const file = { fileName, platform: "linux", architecture: "amd64", format: "deb", version };
    return appliance().saveBundle({
      name: `agents ${version}`,
      version,
      flavour: "reference",
      packages: [{ ...file, sha256, sizeBytes: bytes.length }],
      ...more,
    });
  }

  /** Loads a bundle with one package of the vendor's agent. */
  const quest = (version: string, more: Partial<Input<"saveBundle">> = {}) => {
    const fileName = `ampagent-${version}.ubuntu.64.deb`;
    const sha256 = createHash("sha256").update(`package ${version}`).digest("hex");
    const file = { fileName, platform: "linux", architecture: "amd64", format: "deb" as const, version };
    const sizeBytes = Buffer.byteLength(`package ${version}`);
    return load(version, version, { flavour: "quest", packages: [{ ...file, sha256, sizeBytes }], ...more });
  };

  async function approved(...numbers: readonly number[]): Promise<void> {
    const { value } = await appliance().createToken({ name: `token for ${numbers.join()}` });
    for (const number of numbers) await appliance().enrolDevice(device(number, { token: value }));
  }

  /** The instance of the server that runs; one that the test plays where there is none. */
  async function instance(): Promise<string> {
    const { running, instanceId } = await appliance().serverStatus({});
    if (running && instanceId !== undefined) return instanceId;
    await appliance().publishServer({
      instanceId: "instance-of-the-test",
      name: "localhost",
      port: 8443,
      canonicalNames: ["localhost"],
      version: "1.0.0",
      process: thisProcess(),
    });
    return "instance-of-the-test";
  }

  async function connected(...numbers: readonly number[]): Promise<void> {
    const instanceId = await instance();
    for (const number of numbers)
      await appliance().deviceConnected({
        kuid: kuidOf(number),
        connectionId: `connection of ${number}`,
        instanceId,
        can: ["tasks", "self-update"],
      });
  }

  const fleet = async (...numbers: readonly number[]) => {
    await approved(...numbers);
    await connected(...numbers);
  };

  /** The updates that there are, by the number of their machine; ended ones where asked for. */
  async function updates(states: Input<"listTasks">["states"] = ["ready", "running"]) {
    const { tasks } = await appliance().listTasks({ types: ["self-update"], states, limit: 1_000 });
    return tasks.sort((one, other) => (one.kuid < other.kuid ? -1 : 1));
  }
  const updated = async (states?: Input<"listTasks">["states"]) =>
    (await updates(states)).map(({ kuid }) => Number(kuid.slice(-12)));

  /** An agent says what became of its update. */
  async function ends(number: number, status: "completed" | "failed", version = "1.5.0"): Promise<void> {
    const [task] = (await updates()).filter(({ kuid }) => kuid === kuidOf(number));
    if (task === undefined) throw new Error(`nothing is updated on machine ${number}`);
    const { id, kuid } = task;
    await appliance().recordTasks({ tasks: [{ id, kuid, status: "started" }] });
    if (status === "completed") await appliance().enrolDevice(device(number, { agentVersion: version }));
    await appliance().recordTasks({
      tasks: [{ id, kuid, status, note: status === "failed" ? "rolled back" : undefined }],
    });
  }

  async function verdicts(changes?: Changes): Promise<Record<number, string>> {
    const { machines } = await appliance().planUpdates({ changes });
    return Object.fromEntries(
      machines.map(({ kuid, verdict, code }) => [
        Number(kuid.slice(-12)),
        code === undefined ? verdict : `${verdict}: ${code}`,
      ]),
    );
  }

  const findings = async (changes: Changes) =>
    (await appliance().planUpdates({ changes })).findings.map(
      ({ path, severity, message }) => `${severity} ${path.join(".")}: ${message}`,
    );

  describe("an update policy", () => {
    it("updates nobody unless somebody says so", async () => {
      await load("1.5.0");
      await fleet(1);
      expect(await get()).toMatchObject({
        organization: "default",
        exists: false,
        revision: 0,
        given: {},
        effective: DEFAULT_UPDATE_POLICY,
        failures: 0,
        distributionTimestamp: "2027-03-01T08:00:00.000Z",
      });
      await step();
      expect(await updates(undefined)).toEqual([]);
    });

    it("changes where it is given, goes back to the default by null, and stays where it is left out", async () => {
      await save({ notes: "asked for by Berlin", version: "n-1", maxFailures: 3 });
      const windows: NonNullable<Changes["windows"]> = [{ from: "22:00", to: "06:00", days: ["friday"] }];
      const changed = await save({ version: null, windows, timezone: "Europe/Berlin" });
      expect(changed).toMatchObject({ exists: true, revision: 2 });
      expect(changed.given).toEqual({
        notes: "asked for by Berlin",
        maxFailures: 3,
        windows,
        timezone: "Europe/Berlin",
      });
      expect(await get()).toEqual(changed);
      expect(await save({ maxFailures: 3 })).toEqual(changed);
    });

    it("belongs to one resource, is refused to another one, and is given back", async () => {
      await save({ notes: "by hand" });
      expect(await save({ urn: "urn:first" })).toMatchObject({ urn: "urn:first", given: { notes: "by hand" } });
      const { code, message } = await refusal(save({ urn: "urn:second", notes: "mine" }));
      expect(code).toBe("conflict");
      expect(message).toContain("urn:first");
      expect(await appliance().resetUpdatePolicy({ urn: "urn:second" })).toEqual({ reset: false });
      expect(await appliance().resetUpdatePolicy({ urn: "urn:first" })).toEqual({ reset: true });
      expect(await appliance().resetUpdatePolicy({})).toEqual({ reset: false });
      const left = await get();
      expect(left).toMatchObject({ exists: false, given: {} });
      expect(left.urn).toBeUndefined();
    });

    it("stays that of a resource that was renamed, which says what it was called before", async () => {
      await save({ urn: "urn:before" });
      expect(await refusal(save({ urn: "urn:after", formerUrn: "urn:another" }))).toMatchObject({ code: "conflict" });
      expect(await save({ urn: "urn:after", formerUrn: "urn:before" })).toMatchObject({ urn: "urn:after" });
      const third = { urn: "urn:third", formerUrn: "urn:before" };
      expect(await appliance().resetUpdatePolicy(third)).toEqual({ reset: false });
      expect(await appliance().resetUpdatePolicy({ ...third, formerUrn: "urn:after" })).toEqual({ reset: true });
    });

    it("leaves a history of what held before and after, and whose it was", async () => {
      await save({ urn: "urn:a", allMachines: true, enabled: true });
      await appliance().resetUpdatePolicy({});
      const { entries } = await appliance().listHistory({ subject: "update-policy:default" });
      expect(entries.map(({ what }) => what)).toEqual(["resetUpdatePolicy", "saveUpdatePolicy"]);
      expect(entries[1]?.changes).toEqual([
        { property: "enabled", from: false, to: true },
        { property: "allMachines", from: false, to: true },
        { property: "managedBy", from: null, to: "urn:a" },
      ]);
    });

    it("is each organization's own", async () => {
      await appliance().createOrganization({ name: "berlin" });
      await load("1.5.0");
      await fleet(1);
      await appliance().saveUpdatePolicy({ organization: "berlin", enabled: true, allMachines: true });
      await step();
      expect(await updates(undefined)).toEqual([]);
      expect(await get()).toMatchObject({ exists: false });
      expect((await refusal(appliance().getUpdatePolicy({ organization: "bonn" }))).code).toBe("not-found");
    });

    it.each<[string, Changes, string]>([
      ["everybody and some at once", { allMachines: true, machines: ["web1"] }, "machines: "],
      ["everybody and a filter at once", { allMachines: true, filter: hostsLike("*") }, "filter: "],
      ["nobody", { enabled: true }, "enabled: it would be for nobody"],
      ["a label that is not there", { labels: ["berlin"] }, 'there is no label "berlin"'],
      ["a version that is in no bundle", { version: "9.9.9" }, "version: version 9.9.9 is in no loaded bundle"],
      ["a version that is denied", { version: "1.5.0", deniedVersions: ["1.5"] }, "version: 1.5.0 is denied"],
      ["a window that is nothing", { windows: [{ from: "06:00", to: "06:00" }] }, "windows[0].to: "],
      [
        "windows that overlap",
        {
          windows: [
            { from: "22:00", to: "06:00" },
            { from: "05:00", to: "07:00", days: ["monday"] },
          ],
        },
        "windows[1]: it overlaps windows[0]",
      ],
      ["a blackout without an end", { blackoutWindows: [{ from: "00:00", to: "00:00" }] }, "blackoutWindows: "],
      [
        "a day that there is not",
        { blackoutDates: [{ from: "02-30" }] },
        "blackoutDates[0].from: there is no 30 february",
      ],
      [
        "a blackout that ends before it begins",
        { blackoutDates: [{ from: "2027-12-24", to: "2027-12-23" }] },
        "blackoutDates[0].to: ",
      ],
      [
        "blackouts that overlap",
        { blackoutDates: [{ from: "12-24", to: "01-02" }, { from: "2028-01-02" }] },
        "blackoutDates[1]: it overlaps blackoutDates[0] on 2028-01-02",
      ],
      ["a blackout of the whole year", { blackoutDates: [{ from: "01-01", to: "12-31" }] }, "blackoutDates: "],
      ["a time zone that is none", { timezone: "Europe/Bonn" }, "timezone"],
      [
        "steps that go back",
        {
          rollout: [
            { percent: 50, afterSeconds: 0 },
            { percent: 10, afterSeconds: 60 },
          ],
        },
        "rollout[1].percent: ",
      ],
      ["a share of more than all", { maxFailures: "110%" }, "maxFailures"],
      ["a window at 24:00", { windows: [{ from: "01:00", to: "24:00" }] }, "windows"],
    ])("is refused for %s, and stays what it was", async (_, changes, sentence) => {
      await load("1.5.0");
      const { code, message } = await refusal(save({ notes: "not kept", ...changes }));
      expect(code).toBe("invalid");
      expect(message).toContain(sentence);
      expect(await get()).toMatchObject({ exists: false, revision: 0 });
    });

    it("is refused for everybody without allMachines, but not because everybody came to be meant later", async () => {
      await load("1.5.0");
      await fleet(1, 2);
      const everybody = { enabled: true, filter: hostsLike("web*") };
      const { message } = await refusal(save(everybody));
      expect(message).toContain("it is for all 2 machines that there are: if that is meant, say `allMachines: true`");
      await appliance().enrolDevice(device(3, { hostname: "db3" }));
      await appliance().setDeviceState({ kuid: kuidOf(3), state: "approved" });
      await save(everybody);
      await appliance().deleteDevice({ kuid: kuidOf(3) });
      expect(await save({ ...everybody, notes: "kept" })).toMatchObject({ given: { notes: "kept" } });
      expect(await save({ filter: null, machines: ["web1", "web2"] })).toMatchObject({ exists: true });
    });
  });

  describe("the plan of an update policy", () => {
    beforeEach(() => load("1.5.0"));

    it("is for the machines of its labels, those it names, and those its filter means", async () => {
      await fleet(1, 2, 3, 4);
      await appliance().saveLabel({ name: "berlin", machines: ["web1"] });
      const limits = { labels: ["berlin"], machines: ["WEB2"], filter: hostsLike("web3.*") };
      expect(await verdicts({ enabled: true, ...limits })).toEqual({ 1: "update", 2: "update", 3: "update" });
      expect(await verdicts({ enabled: true, allMachines: true })).toEqual({
        1: "update",
        2: "update",
        3: "update",
        4: "update",
      });
      expect(await get()).toMatchObject({ exists: false });
    });

    it("says of every machine what becomes of it, and whom it cannot reach", async () => {
      await approved(1, 2, 3, 4, 5);
      await connected(1, 3, 4);
      await appliance().enrolDevice(device(3, { agentVersion: "1.5.0" }));
      await appliance().enrolDevice(device(4, { os: { ...device(4).os, architecture: "riscv64" } }));
      await appliance().deviceConnected({
        kuid: kuidOf(5),
        connectionId: "an old agent",
        instanceId: await instance(),
      });
      const plan = await appliance().planUpdates({ changes: { enabled: true, allMachines: true } });
      expect(plan.machines).toMatchObject([
        { hostname: "web1.corp.example", verdict: "update", version: "1.5.0", nextVersion: "1.5.0" },
        { verdict: "waiting", code: "not-connected", connected: false },
        { verdict: "right", agentVersion: "1.5.0" },
        { verdict: "refused", code: "no-package", reason: expect.stringContaining("linux/riscv64 (debian)") },
        { verdict: "refused", code: "cannot-update-itself" },
      ]);
      expect(plan.counts).toEqual({
        total: 5,
        meant: 5,
        broken: 0,
        right: 1,
        update: 1,
        updating: 0,
        waiting: 1,
        refused: 2,
        notConnected: 1,
      });
      expect(plan.findings.map(({ message }) => message)).toEqual([
        expect.stringContaining("1 of 5 machines cannot be reached, because their agents are not connected: web2"),
        expect.stringMatching(/^1 machine is not updated: web4\S+: no loaded bundle has a package for linux.riscv64/),
        expect.stringMatching(/^1 machine is not updated: web5\S+: agent 1\.4\.2 does not know how to update itself/),
      ]);
    });

    it("comes in portions", async () => {
      await fleet(1, 2, 3);
      const changes = { enabled: true, allMachines: true };
      const first = await appliance().planUpdates({ changes, limit: 2 });
      expect(first.machines.map(({ kuid }) => kuid)).toEqual([kuidOf(1), kuidOf(2)]);
      const rest = await appliance().planUpdates({ changes, limit: 2, after: first.next });
      expect(rest.machines.map(({ kuid }) => kuid)).toEqual([kuidOf(3)]);
      expect(rest.next).toBeUndefined();
    });

    it("warns of what will be for nobody, or cannot be known yet", async () => {
      expect(await findings({ enabled: true, machines: ["web1"] })).toEqual([
        'warning machines.0: there is no approved agent called "web1"',
        "warning machines: the policy is for nobody now: no agent is approved yet",
      ]);
      expect(await findings({ enabled: true, labels: ["berlin"] })).toEqual([
        'warning labels.0: there is no label "berlin" yet',
      ]);
      expect(await findings({ version: "n-1" })).toEqual([
        "warning version: there is no version that `n-1` means: loaded is 1.5.0",
      ]);
      await fleet(1, 2);
      expect(await findings({ enabled: true, machines: ["web1", "web9"] })).toEqual([
        'warning machines.1: there is no approved agent called "web9"',
      ]);
      await appliance().saveLabel({ name: "empty" });
      const nobody = "the policy is for nobody now: none of the 2 approved agents is meant";
      expect(await findings({ enabled: true, labels: ["empty"] })).toEqual([`warning labels: ${nobody}`]);
      const both = { enabled: true, labels: ["empty"], filter: withLabel("empty") };
      expect(await findings(both)).toEqual([`warning enabled: ${nobody}`]);
    });

    it.each<[string, Changes, (string | number)[]]>([
      ["a label", { labels: ["empty", "berlin"] }, ["labels", 1]],
      ["a label in the filter", { filter: withLabel("berlin") }, ["filter", "all", 0, "value"]],
    ])("refuses %s that nobody has made, at its place", async (_what, changes, path) => {
      await appliance().saveLabel({ name: "empty" });
      const refused = { code: "invalid", problems: [{ path }] };
      await expect(appliance().saveUpdatePolicy(changes)).rejects.toMatchObject(refused);
      expect(await appliance().getUpdatePolicy({})).toMatchObject({ exists: false });
    });

    it("wants the newest version that is loaded, the one before it, or none that is denied", async () => {
      await load("1.10.0");
      await load("2.0.0", "2.0.0", { loaded: false });
      await fleet(1);
      const versionOf = async (changes: Changes) => {
        const { machines } = await appliance().planUpdates({ changes: { allMachines: true, ...changes } });
        return machines[0]?.version;
      };
      expect(await versionOf({})).toBe("1.10.0");
      expect(await versionOf({ version: "n-1" })).toBe("1.5.0");
      expect(await versionOf({ version: "1.5" })).toBe("1.5.0");
      expect(await versionOf({ deniedVersions: ["1.10"] })).toBe("1.5.0");
      const { findings } = await appliance().planUpdates({ changes: { allMachines: true, version: "2.0.0" } });
      expect(findings.map(({ message }) => message)).toEqual([
        expect.stringMatching(
          /^version 2\.0\.0 is in no loaded bundle .*: load it by `kace bundle load 'agents 2\.0\.0'`$/,
        ),
      ]);
    });
  });

  describe("updates by policy", () => {
    beforeEach(() => load("1.5.0"));

    it("are queued once for each machine, with the package and the one to go back to", async () => {
      await load("1.4.2");
      await fleet(1, 2, 3);
      await save({ enabled: true, machines: ["web1", "web2"] });
      await step();
      await step();
      expect(await updated()).toEqual([1, 2]);
      expect(await verdicts()).toEqual({ 1: "update", 2: "update" });
      const { tasks } = await appliance().listDueTasks({ instanceId: await instance() });
      expect(tasks[0]).toMatchObject({
        type: "self-update",
        payload: {
          version: "1.5.0",
          format: "deb",
          fileName: "kace-reference-agent_1.5.0_amd64.deb",
          sha256: expect.stringMatching(/^[0-9a-f]{64}$/),
          rollback: { version: "1.4.2" },
        },
      });
      await ends(1, "completed");
      await step();
      expect(await verdicts()).toEqual({ 1: "right", 2: "update" });
      expect(await updated()).toEqual([2]);
    });

    it("go over the versions that rules ask for, one after the other", async () => {
      await quest("5.4.1");
      await approved(1);
      await appliance().enrolDevice(device(1, { flavour: "quest", agentVersion: "5.2.0" }));
      await connected(1);
      await save({ enabled: true, allMachines: true });
      expect(await verdicts()).toEqual({ 1: "refused: version-gate" });
      expect(await findings({})).toEqual([
        expect.stringMatching(/^warning enabled: 1 machine is not updated: web1\.corp\.example: .*load version 5\.1/),
      ]);
      await quest("5.3.0");
      await step();
      const { machines } = await appliance().planUpdates({});
      expect(machines).toMatchObject([{ verdict: "update", version: "5.4.1", nextVersion: "5.3.0" }]);
      const [task] = await updates();
      const done = { id: task?.id ?? "", kuid: kuidOf(1), status: "completed" as const };
      await appliance().enrolDevice(device(1, { flavour: "quest", agentVersion: "5.3.0" }));
      await appliance().recordTasks({ tasks: [done] });
      await step();
      const { tasks } = await appliance().listDueTasks({ instanceId: await instance() });
      expect(tasks).toMatchObject([{ payload: { version: "5.4.1" } }]);
    });

    it("keep to windows, blackouts and the rollout's steps, each in its time", async () => {
      await fleet(1, 2, 3, 4);
      // The subject's clock begins on a Monday at 08:00.
      await save({
        enabled: true,
        allMachines: true,
        timezone: "UTC",
        windows: [{ from: "10:00", to: "18:00" }],
        blackoutWindows: [{ from: "12:00", to: "13:00", days: ["monday"] }],
        rollout: [
          { percent: 25, afterSeconds: 0 },
          { percent: 100, afterSeconds: 6 * 3_600 },
        ],
      });
      await step();
      expect(await updates()).toEqual([]);
      const outside = (await appliance().planUpdates({})).machines.filter(({ code }) => code === "outside-window");
      expect(outside).toMatchObject([{ until: "2027-03-01T10:00:00.000Z" }]);
      opened().advance(2 * HOUR_MS);
      await step();
      const [first, ...more] = await updated();
      expect(more).toEqual([]);
      expect(Object.values(await verdicts()).filter((verdict) => verdict === "waiting: rollout")).toHaveLength(3);
      await ends(first ?? 0, "completed");
      opened().advance(2 * HOUR_MS + 1);
      await step();
      expect(await updates()).toEqual([]);
      opened().advance(2 * HOUR_MS);
      await step();
      expect(await updates()).toHaveLength(3);
    });

    it("keep to days of the calendar, and say which blackout holds until when", async () => {
      await fleet(1);
      // The subject's clock begins on 1 March 2027 at 08:00 UTC: 21:00 in Auckland.
      const carnival = { from: "02-28", to: "03-01", name: "carnival" };
      const over = { from: "2026-12-24", to: "2027-01-02" };
      const changes: Changes = { timezone: "Pacific/Auckland", blackoutDates: [carnival, over] };
      expect(await findings(changes)).toEqual([
        "warning blackoutDates.1: 2026-12-24 to 2027-01-02 is over: it holds nothing back any more",
      ]);
      await save({ ...changes, enabled: true, allMachines: true });
      await step();
      expect(await updates()).toEqual([]);
      const reason =
        'the blackout "carnival" (02-28 to 03-01 of every year) holds until the end of 2027-03-01 (Pacific/Auckland)';
      const { machines, closed } = await appliance().planUpdates({});
      expect(closed).toEqual({ code: "blackout", reason, until: "2027-03-01T11:00:00.000Z" });
      expect(machines).toMatchObject([{ code: "blackout", reason, until: "2027-03-01T11:00:00.000Z" }]);
      opened().advance(3 * HOUR_MS);
      await step();
      expect(await updated()).toEqual([1]);
      expect((await appliance().planUpdates({})).closed).toBeUndefined();
    });

    it("are called back before they begin, when the policy does not want them any more", async () => {
      await fleet(1, 2);
      await save({ enabled: true, allMachines: true });
      await step();
      expect(await updated()).toEqual([1, 2]);
      await save({ hold: true });
      expect(await updates()).toEqual([]);
      expect(await verdicts()).toEqual({ 1: "waiting: on-hold", 2: "waiting: on-hold" });
      expect(await appliance().resumeUpdates({})).toMatchObject({ effective: { hold: false } });
      await step();
      expect(await updated()).toEqual([1, 2]);
      await save({ allMachines: null, machines: ["web2"] });
      await step();
      expect(await updated()).toEqual([2]);
      await appliance().resetUpdatePolicy({});
      expect(await updates()).toEqual([]);
    });

    it("are not tried again on a machine where one failed, until the policy or the bundle changes", async () => {
      await fleet(1, 2);
      await save({ enabled: true, allMachines: true, maxFailures: 5 });
      await step();
      await ends(1, "failed");
      await step();
      expect(await updated()).toEqual([2]);
      expect(await verdicts()).toEqual({ 1: "refused: failed-before", 2: "update" });
      const { entries } = await appliance().listHistory({ subject: `device:${kuidOf(1)}` });
      expect(entries[0]?.changes).toEqual([{ property: "agent update failed", from: null, to: "1.5.0: rolled back" }]);
      await save({ notes: "another note is no other policy" });
      expect((await verdicts())[1]).toBe("refused: failed-before");
      // The same version, packed anew.
      await load("1.5.0", "1.5.0 once more", { id: (await bundleOf("1.5.0")).id });
      await step();
      expect(await updated()).toContain(1);
    });

    it.each(["1.5.0", "1.6.0"])(
      "are no failure where somebody else has brought the machine to %s meanwhile",
      async (to) => {
        await fleet(1);
        await save({ enabled: true, allMachines: true, maxFailures: 0 });
        await step();
        const [task] = await updates();
        const { id, kuid } = task ?? { id: "", kuid: "" };
        await appliance().recordTasks({ tasks: [{ id, kuid, status: "started" }] });
        await appliance().enrolDevice(device(1, { agentVersion: to }));
        const note = "a downgrade is not allowed"; // as older agents say of a rollout that was quicker
        await appliance().recordTasks({ tasks: [{ id, kuid, status: "failed", note }] });
        await step();
        const { held, failures } = await appliance().getUpdatePolicy({});
        expect([held, failures]).toEqual([undefined, 0]);
      },
    );

    it("are ordered again where others were at work on the machine, and that is no failure", async () => {
      await fleet(1);
      await save({ enabled: true, allMachines: true, maxFailures: 0 });
      await step();
      const [first] = await updates();
      const { id, kuid } = first ?? { id: "", kuid: "" };
      await appliance().recordTasks({ tasks: [{ id, kuid, status: "started" }] });
      await appliance().recordTasks({ tasks: [{ id, kuid, status: "failed", notBegun: true, note: "a run works" }] });
      await step();
      const { held, failures } = await appliance().getUpdatePolicy({});
      expect([held, failures]).toEqual([undefined, 0]);
      expect(await verdicts()).toEqual({ 1: "update" });
      const again = await updates();
      expect(again).toMatchObject([{ kuid }]);
      expect(again[0]?.id).not.toBe(id);
    });

    it("put the policy on hold when too many fail, and go on when it is resumed", async () => {
      await fleet(1, 2, 3, 4);
      await save({ enabled: true, allMachines: true, maxFailures: "25%", rollout: [{ percent: 75, afterSeconds: 0 }] });
      await step();
      const [one = 0, two = 0, three = 0] = await updated();
      await ends(one, "failed");
      await step();
      expect((await get()).held).toBeUndefined();
      await ends(two, "failed");
      await step();
      const { held, failures } = await get();
      expect(held).toEqual({
        at: "2027-03-01T08:00:00.000Z",
        reason: "2 updates failed, and 25% of 4 machines may",
      });
      expect(failures).toBe(2);
      // What no agent has heard of is called back; what nobody was told yet is not begun.
      expect(await updated()).toEqual([]);
      expect(Object.values(await verdicts())).toContain("waiting: on-hold");
      const { entries } = await appliance().listHistory({ subject: "update-policy:default" });
      expect(entries[0]).toMatchObject({ changes: [{ property: "heldBecause", from: null, to: held?.reason }] });
      expect(await appliance().resumeUpdates({})).toMatchObject({ failures: 0 });
      opened().advance(1);
      await step();
      expect(await updated()).toEqual([three]);
    });

    it("reach agents that are connected and bring no inventory, whomever the policy is for", async () => {
      await fleet(1, 2);
      await save({ enabled: true, updateBrokenAgents: true });
      opened().advance(3 * HOUR_MS - 1);
      const inventory = { ...device(2), collectedAt: "2027-03-01T10:00:00Z" };
      const { hostname, os, agentVersion, addresses, macs, collectedAt } = inventory;
      await appliance().recordInventory({
        kuid: kuidOf(2),
        inventory: JSON.stringify({ hostname, os, agentVersion, addresses, macs, collectedAt }),
      });
      await step();
      expect(await updated()).toEqual([]);
      opened().advance(1);
      await instance();
      await step();
      expect(await updated()).toEqual([1]);
    });

    it("reach agents that bring no inventory although they were away meanwhile, once they had the chance to", async () => {
      await fleet(1);
      await save({ enabled: true, updateBrokenAgents: true });
      opened().advance(2.5 * HOUR_MS);
      await connected(1);
      opened().advance(HOUR_MS - 1);
      await step();
      expect(await updated()).toEqual([]);
      opened().advance(1);
      await step();
      expect(await updated()).toEqual([1]);
    });

    it("do not take away the bundle they come from", async () => {
      await load("1.4.2");
      const [old, current] = [await bundleOf("1.4.2"), await bundleOf("1.5.0")];
      await save({ enabled: true, allMachines: true });
      const { code, message } = await refusal(appliance().deleteBundle({ id: current.id }));
      expect(code).toBe("conflict");
      expect(message).toContain("the update policy, which wants latest");
      expect(await appliance().deleteBundle({ id: old.id })).toEqual({ deleted: true });
      await save({ enabled: false });
      expect(await appliance().deleteBundle({ id: current.id })).toEqual({ deleted: true });
    });

    it("do not take away a bundle that machines are led over", async () => {
      const step = await quest("5.3.0");
      await quest("5.4.1");
      await approved(1, 2);
      for (const number of [1, 2])
        await appliance().enrolDevice(device(number, { flavour: "quest", agentVersion: "5.2.0" }));
      await save({ enabled: true, allMachines: true, version: "5.4.1" });
      for (const refused of [appliance().deleteBundle(step), appliance().unloadBundle(step)])
        expect(await refusal(refused)).toMatchObject({
          code: "conflict",
          message: expect.stringContaining(
            "the update policy, which leads web1.corp.example and 1 more machine over it to 5.4.1",
          ),
        });
      expect(await verdicts()).toEqual({ 1: "waiting: not-connected", 2: "waiting: not-connected" });
      expect(await appliance().getBundleUses({ id: step.id, packages: [] })).toEqual(
        await appliance().getBundleUses({ id: step.id }),
      );
      // Nobody needs it any more.
      for (const number of [1, 2])
        await appliance().enrolDevice(device(number, { flavour: "quest", agentVersion: "5.3.0" }));
      expect(await appliance().deleteBundle(step)).toEqual({ deleted: true });
    });

    it("tell what a bundle that gets other packages leaves without a version", async () => {
      const { id, packages } = await bundleOf("1.5.0");
      const newer = packages.map((one) => ({ ...one, version: "1.7.0" }));
      const usesWith = async (left: typeof packages) => (await appliance().getBundleUses({ id, packages: left })).uses;
      await save({ enabled: true, allMachines: true, version: "1.5.0" });
      expect(await usesWith(packages)).toEqual([]);
      expect(await usesWith(newer)).toEqual(["the update policy, which wants 1.5.0"]);
      await save({ version: "latest" });
      expect(await usesWith(newer)).toEqual([]);
      await load("1.6.0");
      await save({ version: "n-1" });
      expect(await usesWith(newer)).toEqual([]);
      expect(await usesWith([])).toEqual(["the update policy, which wants n-1"]);
      await save({ enabled: false });
      expect(await usesWith([])).toEqual([]);
    });

    it("do not take away the labels they are for", async () => {
      const { id } = await appliance().saveLabel({ name: "berlin", machines: ["web1"] });
      await save({ labels: ["berlin"] });
      expect((await refusal(appliance().deleteLabel({ id }))).message).toContain("is used by the update policy");
      await appliance().saveLabel({ id, name: "bonn" });
      expect((await get()).effective.labels).toEqual(["bonn"]);
      await appliance().resetUpdatePolicy({});
      expect(await appliance().deleteLabel({ id })).toEqual({ deleted: true });
    });
  });

  async function bundleOf(version: string): Promise<NonNullable<Output<"findBundleByName">>> {
    const found = await appliance().findBundleByName({ name: `agents ${version}` });
    if (found === null) throw new Error(`there is no bundle of ${version}`);
    return found;
  }
}

function hostsLike(pattern: string): NonNullable<Changes["filter"]> {
  return { all: [{ property: "hostname", operator: "matches", value: pattern }] };
}
