import { describe, expect, it } from "vitest";
import type { Input } from "../../provider/appliance/appliance.ts";
import { device, kuidOf, refusal } from "./devices.ts";
import type { Subject } from "./subject.ts";

const SERVER = "instance-of-the-test";

/** What every appliance does about tasks of agents: part of the contract. @param opened the subject of the test that runs */
export function tasksContract(opened: () => Subject): void {
  const appliance = () => opened().appliance;
  const queue = (input: Partial<Input<"queueTasks">>) =>
    appliance().queueTasks({ kuids: [kuidOf(1)], type: "script", payload: { script: "uptime" }, ...input });
  const tasks = async (input: Input<"listTasks"> = {}) => (await appliance().listTasks(input)).tasks;
  const due = () => appliance().listDueTasks({ instanceId: SERVER });
  const record = (...all: Input<"recordTasks">["tasks"]) => appliance().recordTasks({ tasks: all });

  async function approved(...numbers: readonly number[]): Promise<void> {
    const { value } = await appliance().createToken({ name: `token for ${numbers.join()}` });
    for (const number of numbers) await appliance().enrolDevice(device(number, { token: value }));
  }

  async function connected(number: number, connection = "first", can: string[] = ["tasks"]): Promise<void> {
    await appliance().deviceConnected({
      kuid: kuidOf(number),
      connectionId: `${connection} of ${number}`,
      instanceId: SERVER,
      can,
    });
  }

  /** Sends what is due; gives the numbers of the devices it went to, in order. */
  async function send(): Promise<string[]> {
    const { tasks: now } = await due();
    if (now.length > 0) await record(...now.map(({ id, kuid }) => ({ id, kuid, status: "sent" as const })));
    return now.map(({ kuid, type }) => `${type} ${Number(kuid.slice(-12))}`);
  }

  describe("tasks of agents", () => {
    it("wait for their machine with the rules of their type", async () => {
      await approved(1, 2);
      const { sourceId, tasks: queued } = await queue({ kuids: [kuidOf(1), kuidOf(2), kuidOf(1)] });
      expect(queued).toEqual(
        [1, 2].map((number) => ({ id: expect.stringMatching(/^task-[0-9a-f]{20}$/), kuid: kuidOf(number) })),
      );
      expect(await tasks()).toEqual(
        [2, 1].map((number) => ({
          id: queued[number - 1]?.id,
          organization: "default",
          kuid: kuidOf(number),
          machine: `web${number}.corp.example`,
          type: "script",
          sourceId,
          state: "ready",
          connected: false,
          priority: 50,
          timeoutSeconds: 3_600,
          createdAt: "2027-03-01T08:00:00.000Z",
          nextRunAt: "2027-03-01T08:00:00.000Z",
          expiresAt: "2027-03-08T08:00:00.000Z",
          cancelRequested: false,
        })),
      );
    });

    it("go to connected machines by priority and age, one at a time each, but alerts at once", async () => {
      await approved(1, 2, 3);
      await queue({ kuids: [kuidOf(1), kuidOf(2), kuidOf(3)] });
      await queue({ kuids: [kuidOf(2)], type: "inventory", payload: {} });
      await queue({ kuids: [kuidOf(1)], type: "alert", payload: { text: "at six" } });
      await connected(1);
      await connected(2);
      expect(await send()).toEqual(["alert 1", "inventory 2", "script 1"]);
      expect(await send()).toEqual([]);
      const [inventory] = await tasks({ types: ["inventory"] });
      await record({ id: inventory?.id ?? "", kuid: kuidOf(2), status: "completed" });
      expect(await send()).toEqual(["script 2"]);
    });

    it("reach only agents that understand them", async () => {
      await approved(1, 2);
      await queue({ kuids: [kuidOf(1), kuidOf(2)] });
      const one = { version: "1.5.0", sha256: "a".repeat(64), sizeBytes: 9, format: "deb", fileName: "a.deb" };
      const update = { type: "self-update", payload: { ...one, confirmSeconds: 60 } } as const;
      await queue({ ...update, kuids: [kuidOf(1), kuidOf(2)], priority: 1 });
      await connected(1, "first", []);
      await connected(2);
      expect(await send()).toEqual(["script 2"]);
      await connected(1, "second", ["tasks", "self-update", "more-than-is-known"]);
      expect(await send()).toEqual(["self-update 1"]);
      expect((await appliance().getDevice({ kuid: kuidOf(1) })).can).toEqual([
        "tasks",
        "self-update",
        "more-than-is-known",
      ]);
    });

    it("are at most as many at once as the task throughput says", async () => {
      await approved(1, 2, 3);
      await appliance().updateSettings({ taskThroughput: 2 });
      await queue({ kuids: [kuidOf(1), kuidOf(2), kuidOf(3)] });
      await queue({ kuids: [kuidOf(3)], type: "alert", payload: { text: "at six" } });
      for (const number of [1, 2, 3]) await connected(number);
      expect(await send()).toEqual(["alert 3", "script 1", "script 2"]);
      expect(await send()).toEqual([]);
      // What runs on a machine that went away takes no place.
      await appliance().deviceDisconnected({ kuid: kuidOf(1), connectionId: "first of 1" });
      expect(await send()).toEqual(["script 3"]);
    });

    it("are sent again by the next connection until their agent has begun", async () => {
      await approved(1);
      await queue({});
      await connected(1);
      expect(await send()).toEqual(["script 1"]);
      await connected(1, "second");
      expect(await send()).toEqual(["script 1"]);
      const [task] = await tasks();
      await record({ id: task?.id ?? "", kuid: kuidOf(1), status: "started" });
      await connected(1, "third");
      expect(await send()).toEqual([]);
    });

    it("keep what their agent says of them, and what they said apart from it", async () => {
      await approved(1, 2);
      const { tasks: queued } = await queue({});
      const id = queued[0]?.id ?? "";
      await record({ id, kuid: kuidOf(1), status: "started" });
      opened().advance(4_000);
      expect(await tasks()).toMatchObject([{ state: "running", startedAt: "2027-03-01T08:00:00.000Z", runSeconds: 4 }]);
      await record({ id, kuid: kuidOf(2), status: "completed" });
      await record({
        id,
        kuid: kuidOf(1),
        status: "failed",
        exitCode: 3,
        note: "exit code 3",
        runMs: 2_500,
        output: "Grüße\n\u001b[2Jgone",
        outputTruncated: true,
      });
      await record({ id, kuid: kuidOf(1), status: "completed" });
      const [listed] = await tasks();
      expect(listed).toMatchObject({
        state: "failed",
        completedAt: "2027-03-01T08:00:04.000Z",
        runSeconds: 2.5,
        exitCode: 3,
        note: "exit code 3",
      });
      expect(listed?.expiresAt).toBeUndefined();
      expect(await appliance().getTask({ id })).toEqual({
        ...listed,
        output: "Grüße\n\uFFFD[2Jgone",
        outputTruncated: true,
      });
    });

    it("leave no output where log retention is off, but for crash reports", async () => {
      await approved(1);
      await appliance().updateSettings({ logRetention: "off" });
      const [script] = (await queue({})).tasks;
      const crash = { id: `crash-${kuidOf(1)}-1`, announced: "crash-upload" } as const;
      for (const task of [{ id: script?.id ?? "" }, crash])
        await record({ ...task, kuid: kuidOf(1), status: "completed", output: "text" });
      expect((await appliance().getTask({ id: script?.id ?? "" })).output).toBeUndefined();
      expect((await appliance().getTask({ id: crash.id })).output).toBe("text");
    });

    it("are made when agents tell of a crash: once each, of their own device, and the last twenty", async () => {
      await approved(1, 2);
      const crash = (number: number, owner = 1) =>
        record({
          id: `crash-${kuidOf(owner)}-${number}`,
          kuid: kuidOf(1),
          announced: "crash-upload",
          status: "completed",
          note: `crash ${number}`,
        });
      await crash(0, 2);
      expect(await tasks()).toEqual([]);
      for (let number = 1; number <= 22; number++) await crash(number);
      await crash(22);
      const known = await tasks({ types: ["crash-upload"] });
      expect(known.map(({ note }) => note)).toEqual(Array.from({ length: 20 }, (_, index) => `crash ${22 - index}`));
      expect(known[0]).toMatchObject({ state: "completed", priority: 30, machine: "web1.corp.example" });
      expect(
        await refusal(appliance().queueTasks({ kuids: [kuidOf(1)], type: "crash-upload" as "script" })),
      ).toMatchObject({
        code: "invalid",
      });
    });

    it("wait for their time, and expire when their machine does not come", async () => {
      await approved(1);
      await queue({ notBefore: "2027-03-01T08:01:00.000Z", expiresInSeconds: 60 });
      await connected(1);
      expect(await send()).toEqual([]);
      opened().advance(60_000);
      expect((await due()).tasks).toHaveLength(1);
      opened().advance(60_000);
      expect(await due()).toEqual({ tasks: [], cancels: [], overdue: true });
      expect(await appliance().giveUpTasks({})).toEqual({ ended: 1 });
      expect(await tasks()).toMatchObject([{ state: "expired", note: expect.stringContaining("in time") }]);
      expect((await due()).overdue).toBe(false);
    });

    it("wait for long 10 minutes after they were ordered, after their time and after their machine was lost, whichever is last", async () => {
      await approved(1, 2, 3);
      const long = async () => (await tasks({ view: "longer-than-10-minutes" })).map(({ kuid }) => kuid).reverse();
      await queue({ kuids: [kuidOf(1), kuidOf(2)] });
      await queue({ kuids: [kuidOf(3)], notBefore: "2027-03-01T08:00:30.000Z" });
      await connected(2);
      opened().advance(20_000);
      await appliance().deviceDisconnected({ kuid: kuidOf(2), connectionId: "first of 2" });
      opened().advance(580_000);
      expect(await long()).toEqual([]);
      opened().advance(1);
      expect(await long()).toEqual([kuidOf(1)]);
      opened().advance(20_000);
      expect(await long()).toEqual([kuidOf(1), kuidOf(2)]);
      opened().advance(10_000);
      expect(await long()).toEqual([kuidOf(1), kuidOf(2), kuidOf(3)]);
      await appliance().cancelTasks({ sourceId: (await tasks({ kuids: [kuidOf(1)] }))[0]?.sourceId });
      expect(await long()).toEqual([kuidOf(3)]);
    });

    it("expire where their agent says that it touched nothing, since others were at work, and are called back all the same", async () => {
      await approved(1);
      await connected(1);
      const note = 'a run of the configuration "web" works on the machine';
      for (const cancelled of [false, true]) {
        const [task] = (await queue({})).tasks;
        const id = task?.id ?? "";
        await send();
        await record({ id, kuid: kuidOf(1), status: "started" });
        if (cancelled) await appliance().cancelTasks({ ids: [id] });
        await record({ id, kuid: kuidOf(1), status: "failed", notBegun: true, note });
        const after = await appliance().getTask({ id });
        expect(after).toMatchObject({
          state: cancelled ? "cancelled" : "expired",
          note,
          completedAt: expect.any(String),
        });
      }
      const [failed] = (await queue({})).tasks;
      await record({ id: failed?.id ?? "", kuid: kuidOf(1), status: "failed", notBegun: false, note });
      expect(await appliance().getTask({ id: failed?.id ?? "" })).toMatchObject({ state: "failed" });
    });

    it("are given up when their agent says nothing for its time-out and the slack, and believed when it comes back", async () => {
      await approved(1);
      const [task] = (await queue({ timeoutSeconds: 10 })).tasks;
      const id = task?.id ?? "";
      await record({ id, kuid: kuidOf(1), status: "started" });
      opened().advance(129_999);
      expect((await due()).overdue).toBe(false);
      opened().advance(1);
      expect((await due()).overdue).toBe(true);
      await appliance().giveUpTasks({});
      expect(await tasks()).toMatchObject([{ state: "timed-out", note: expect.stringContaining("given up") }]);
      await record({ id, kuid: kuidOf(1), status: "started" });
      expect(await tasks()).toMatchObject([{ state: "timed-out" }]);
      await record({ id, kuid: kuidOf(1), status: "completed", exitCode: 0, runMs: 7_000 });
      const [after] = await tasks();
      expect(after).toMatchObject({ state: "completed", runSeconds: 7 });
      expect(after?.note).toBeUndefined();
    });

    it("are called back: at once where no agent has heard of them, else when it has ended them", async () => {
      await approved(1, 2, 3);
      const { sourceId, tasks: queued } = await queue({ kuids: [kuidOf(1), kuidOf(2), kuidOf(3)] });
      await connected(1);
      await connected(2);
      await send();
      expect(await appliance().cancelTasks({ sourceId })).toEqual({ cancelled: 1, asked: 2 });
      expect(await appliance().cancelTasks({ sourceId })).toEqual({ cancelled: 0, asked: 0 });
      expect(await due()).toMatchObject({ tasks: [], cancels: [{ kuid: kuidOf(1) }, { kuid: kuidOf(2) }] });
      expect(await tasks()).toMatchObject([
        { state: "cancelled", cancelRequested: false },
        { state: "ready", cancelRequested: true },
        { state: "ready", cancelRequested: true },
      ]);
      await record({ id: queued[0]?.id ?? "", kuid: kuidOf(1), status: "failed", note: "called back" });
      // It was done when the call came.
      await record({ id: queued[1]?.id ?? "", kuid: kuidOf(2), status: "completed" });
      expect((await tasks()).map(({ state }) => state)).toEqual(["cancelled", "completed", "cancelled"]);
      expect((await due()).cancels).toEqual([]);
    });

    it("are forgotten 30 days after their end, and with their device", async () => {
      await approved(1, 2);
      const [task] = (await queue({})).tasks;
      await queue({ kuids: [kuidOf(2)], expiresInSeconds: 90 * 86_400 });
      await record({ id: task?.id ?? "", kuid: kuidOf(1), status: "completed", output: "text" });
      opened().advance(30 * 86_400_000);
      expect((await due()).overdue).toBe(true);
      await appliance().giveUpTasks({});
      expect((await tasks()).map(({ kuid }) => kuid)).toEqual([kuidOf(2)]);
      await appliance().deleteDevice({ kuid: kuidOf(2) });
      expect(await tasks()).toEqual([]);
    });

    it("are listed by device, type, source and state, in portions", async () => {
      await approved(1, 2);
      for (const sourceId of ["one", "two", "three"]) await queue({ kuids: [kuidOf(1), kuidOf(2)], sourceId });
      await queue({ type: "inventory", payload: {}, sourceId: "four" });
      await appliance().cancelTasks({ sourceId: "two" });
      const sources = async (input: Input<"listTasks">) => (await tasks(input)).map(({ sourceId }) => sourceId);
      expect(await sources({ kuids: [kuidOf(2)], states: ["ready"] })).toEqual(["three", "one"]);
      expect(await sources({ types: ["inventory"] })).toEqual(["four"]);
      expect(await sources({ sourceId: "two" })).toEqual(["two", "two"]);
      expect(await sources({ view: "in-progress" })).toEqual([]);
      const first = await appliance().listTasks({ kuids: [kuidOf(1)], limit: 3 });
      expect(first.tasks.map(({ sourceId }) => sourceId)).toEqual(["four", "three", "two"]);
      expect(await sources({ kuids: [kuidOf(1)], limit: 3, after: first.next })).toEqual(["one"]);
    });

    it("say in the history who ordered and called back what, but not what a script says", async () => {
      await approved(1, 2);
      const { sourceId } = await queue({ kuids: [kuidOf(1), kuidOf(2)], payload: { script: "canary-7f3a" } });
      await appliance().cancelTasks({ sourceId });
      const { entries } = await appliance().listHistory({ limit: 2 });
      expect(entries.map(({ subject, subjectName, changes }) => [subject, subjectName, changes])).toEqual([
        [`tasks:${sourceId}`, "2 tasks", [{ property: "cancelled", from: null, to: 2 }]],
        [`tasks:${sourceId}`, "2 devices", [{ property: "script task", from: null, to: sourceId }]],
      ]);
      expect(JSON.stringify(entries)).not.toContain("canary");
    });

    it.each<[string, Partial<Input<"queueTasks">>, string, string]>([
      ["a device nobody knows", { kuids: [kuidOf(9)] }, "not-found", "there is no device"],
      ["a device in quarantine", { kuids: [kuidOf(3)] }, "invalid", "is not approved"],
      ["a script without a word", { payload: { script: " " } }, "invalid", "payload.script"],
      ["a script that is too long", { payload: { script: "ä".repeat(40_000) } }, "invalid", "65536 bytes"],
      ["a script that moves a cursor", { payload: { script: "echo \u001b[2J" } }, "invalid", "control characters"],
      ["what no script has", { payload: { script: "id", user: "root" } }, "invalid", "payload"],
      ["an alert without a text", { type: "alert", payload: {} }, "invalid", "payload.text"],
      [
        "a package in another folder",
        { type: "self-update", payload: { fileName: "../a.deb" } },
        "invalid",
        "fileName",
      ],
      ["no time at all", { timeoutSeconds: 0 }, "invalid", "timeoutSeconds"],
      ["a rank there is not", { priority: 101 }, "invalid", "priority"],
      ["a moment that is none", { notBefore: "tomorrow" }, "invalid", "notBefore"],
      ["another organization", { organization: "nobodys" }, "not-found", "organization"],
    ])("refuses %s, and queues nothing", async (_what, input, code, message) => {
      await approved(1);
      await appliance().enrolDevice(device(3));
      const refused = await refusal(queue(input));
      expect(refused).toEqual({ code, message: expect.stringContaining(message) });
      expect(await tasks()).toEqual([]);
    });

    it("refuses to call back what is not said, and does not know a task that is not there", async () => {
      expect((await refusal(appliance().cancelTasks({}))).code).toBe("invalid");
      expect((await refusal(appliance().getTask({ id: "task-none" }))).code).toBe("not-found");
    });
  });
}
