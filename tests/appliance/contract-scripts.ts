import { describe, expect, it } from "vitest";
import type { Input } from "../../provider/appliance/appliance.ts";
import { device, kuidOf, refusal } from "./devices.ts";
import { AT_NOON, hashOf, MINUTE_MS, NEXT_WEEK, SERVER, scriptOrders } from "./script-orders.ts";
import type { Subject } from "./subject.ts";

/** What every appliance does about scripts that agents keep for later: part of the contract. @param opened the subject of the test that runs */
export function scriptsContract(opened: () => Subject): void {
  const { appliance, tasks, updates, record, says, approved, order, send } = scriptOrders(opened);

  describe("scripts for later", () => {
    it("are brought by a scripting update before their time, and are not sent by themselves", async () => {
      await approved();
      const id = await order(AT_NOON, "echo noon", { timeoutSeconds: 90, payload: { lateSeconds: 60 } });
      expect((await tasks({ types: ["script"] }))[0]).toMatchObject({
        id,
        state: "ready",
        runAt: AT_NOON,
        nextRunAt: AT_NOON,
        expiresAt: "2027-03-08T12:00:00.000Z",
      });
      const [update, ...others] = await send();
      expect(others).toEqual([]);
      const sha256 = hashOf("echo noon");
      expect(update).toMatchObject({
        type: "scripting-update",
        payload: { scripts: [{ id, sha256, at: AT_NOON, lateSeconds: 60, timeoutSeconds: 90, priority: 50 }] },
      });
      opened().advance(5 * 60 * MINUTE_MS);
      expect(await send()).toEqual([]);
    });

    it("hand their texts to their own device, while a scripting update of it runs", async () => {
      await approved(["tasks", "scripting-update"], 1, 2);
      await order(AT_NOON, "echo noon");
      await order(NEXT_WEEK, "echo other", { kuids: [kuidOf(2)] });
      const [update] = await send();
      const read = (input: { kuid?: string; sha256?: string; offset?: number }) =>
        appliance().readTaskPackage({
          kuid: kuidOf(1),
          taskId: update?.id ?? "",
          sha256: hashOf("echo noon"),
          offset: 0,
          ...input,
        });
      expect((await refusal(read({}))).code).toBe("permission-denied");
      await record({ id: update?.id ?? "", kuid: kuidOf(1), status: "started" });
      expect(await read({})).toEqual({ sizeBytes: 9, data: Buffer.from("echo noon").toString("base64") });
      expect(await read({ offset: 9 })).toEqual({ sizeBytes: 9, data: "" });
      for (const wrong of [{ sha256: hashOf("echo other") }, { kuid: kuidOf(2) }])
        expect((await refusal(read(wrong))).code).toBe("permission-denied");
      await record({ id: update?.id ?? "", kuid: kuidOf(1), status: "completed" });
      expect((await refusal(read({}))).code).toBe("permission-denied");
    });

    it("wait for their agents' own look where there is time, and are known to be kept once these say so", async () => {
      await approved();
      expect(await says([])).toBe(true);
      const id = await order(NEXT_WEEK);
      expect(await updates()).toEqual([]);
      expect(await says([], false)).toBe(false);
      expect(await updates()).toEqual([]);
      expect(await says([])).toBe(false);
      expect(await says([])).toBe(false);
      expect(await updates()).toMatchObject([{ state: "ready", timeoutSeconds: 300, priority: 45 }]);
      const [update] = await send();
      await record({ id: update?.id ?? "", kuid: kuidOf(1), status: "completed" });
      expect((await tasks({ types: ["script"] }))[0]?.heldSince).toBeUndefined();
      opened().advance(MINUTE_MS);
      expect(await says([id], false)).toBe(true);
      expect((await tasks({ types: ["script"] }))[0]).toMatchObject({ heldSince: "2027-03-01T08:01:00.000Z" });
      expect(await updates()).toHaveLength(1);
    });

    it("are brought at once where their time comes before every agent will have looked", async () => {
      await approved();
      await appliance().updateSettings({ scriptingUpdateIntervalSeconds: 3_600 });
      await order("2027-03-01T09:07:00Z");
      expect(await updates()).toEqual([]);
      await order("2027-03-01T09:06:00Z");
      expect(await updates()).toHaveLength(1);
      await order("2027-03-01T08:01:00Z");
      expect(await updates()).toHaveLength(1);
      // What was sent may not know of the next one.
      await send();
      await order("2027-03-01T08:02:00Z");
      expect(await updates()).toHaveLength(2);
    });

    it("end as their agent says, at the time it says, however much later the server hears of it", async () => {
      await approved();
      const id = await order(AT_NOON);
      opened().advance(24 * 60 * MINUTE_MS);
      await record({ id, kuid: kuidOf(1), status: "completed", runMs: 2_000, endedAt: "2027-03-01T12:00:02Z" });
      const [task] = await tasks({ types: ["script"] });
      expect(task).toMatchObject({
        state: "completed",
        startedAt: AT_NOON,
        completedAt: "2027-03-01T12:00:02.000Z",
        runSeconds: 2,
      });
    });

    it.each([
      ["before it was ordered", "1999-01-01T00:00:00Z", "2027-03-01T08:00:00.000Z"],
      ["in the future", "2099-01-01T00:00:00Z", "2027-03-01T08:01:00.000Z"],
    ])("are not said to have ended %s, where a machine's clock is wrong", async (_what, endedAt, completedAt) => {
      await approved();
      const id = await order(AT_NOON);
      opened().advance(MINUTE_MS);
      await record({ id, kuid: kuidOf(1), status: "failed", endedAt });
      expect((await tasks({ types: ["script"] }))[0]).toMatchObject({ state: "failed", completedAt });
    });

    it("are called back at once before they were brought, and from their agents after that", async () => {
      await approved();
      const early = await order(AT_NOON);
      expect(await appliance().cancelTasks({ ids: [early] })).toEqual({ cancelled: 1, asked: 0 });
      expect(await send()).toMatchObject([{ payload: { scripts: [] } }]);
      const [first] = await updates();
      await record({ id: first?.id ?? "", kuid: kuidOf(1), status: "completed" });
      const late = await order(AT_NOON);
      expect(await send()).toMatchObject([{ payload: { scripts: [{ id: late }] } }]);
      expect(await appliance().cancelTasks({ ids: [late] })).toEqual({ cancelled: 0, asked: 1 });
      const { cancels } = await appliance().listDueTasks({ instanceId: SERVER });
      expect(cancels).toEqual([{ id: late, kuid: kuidOf(1) }]);
      // An agent that keeps it still is told so when it looks.
      expect(await says([late])).toBe(false);
      await record({ id: late, kuid: kuidOf(1), status: "failed", note: "it was called back before it began" });
      expect((await tasks({ types: ["script"] }))[0]).toMatchObject({ state: "cancelled" });
    });

    it("say of an agent of before that it keeps none, and reach it once it is updated", async () => {
      await approved(["tasks"]);
      await order(AT_NOON);
      expect(await send()).toEqual([]);
      const note = expect.stringContaining("keeps no scripts for later");
      expect(await tasks()).toMatchObject([
        { type: "scripting-update", state: "ready", note },
        { type: "script", state: "ready", note },
      ]);
      await appliance().deviceConnected({
        kuid: kuidOf(1),
        connectionId: "after its update",
        instanceId: SERVER,
        can: ["tasks", "scripting-update"],
      });
      expect((await tasks()).map(({ note: now }) => now)).toEqual([undefined, undefined]);
      expect(await send()).toMatchObject([{ type: "scripting-update" }]);
    });

    it("expire with the reason for which they were not run", async () => {
      await approved(["tasks"], 1);
      await approved(["tasks", "scripting-update"], 2, 3);
      await order(AT_NOON, "uptime", { kuids: [kuidOf(1)], expiresInSeconds: 60 });
      await order(AT_NOON, "uptime", { kuids: [kuidOf(2)], expiresInSeconds: 60 });
      const kept = await order(AT_NOON, "uptime", { kuids: [kuidOf(3)], expiresInSeconds: 60 });
      await says([kept], false, 3);
      opened().advance(4 * 60 * MINUTE_MS + MINUTE_MS);
      await appliance().giveUpTasks({});
      expect((await tasks({ types: ["script"] })).map(({ state, note }) => `${state}: ${note}`)).toEqual([
        "expired: its agent keeps it, and has not said in time what became of it",
        "expired: its machine did not take it in time",
        expect.stringContaining("expired: its agent is of a version that keeps no scripts for later"),
      ]);
      // Whoever comes back in the end is believed.
      await record({ id: kept, kuid: kuidOf(3), status: "completed", endedAt: AT_NOON });
      expect((await tasks({ kuids: [kuidOf(3)], types: ["script"] }))[0]).toMatchObject({ state: "completed" });
    });

    it("can be looked for by hand, and are not said to devices that are not approved", async () => {
      await approved();
      await appliance().queueTasks({ kuids: [kuidOf(1)], type: "scripting-update" });
      expect(await send()).toMatchObject([{ type: "scripting-update", payload: { scripts: [] } }]);
      await appliance().enrolDevice(device(4));
      expect(await says(["task-other"], true, 4)).toBe(false);
      expect(await says(["task-other"], true, 9)).toBe(false);
      expect(await updates()).toHaveLength(1);
    });

    it.each<[string, Partial<Input<"queueTasks">>, string]>([
      ["a time that is past", { payload: { script: "id", at: "2027-03-01T08:00:00Z" } }, "is past"],
      ["a time too far ahead", { payload: { script: "id", at: "2028-03-02T08:00:00Z" } }, "366 days"],
      ["a time that is none", { payload: { script: "id", at: "noon" } }, "payload.at"],
      ["two times", { payload: { script: "id", at: AT_NOON }, notBefore: AT_NOON }, "two times"],
      ["a delay without a time", { payload: { script: "id", lateSeconds: 9 } }, "payload.lateSeconds"],
      ["a delay below nothing", { payload: { script: "id", at: AT_NOON, lateSeconds: -1 } }, "payload.lateSeconds"],
      ["what an update brings", { type: "scripting-update", payload: { scripts: [] } }, "payload"],
    ])("refuse %s", async (_what, input, message) => {
      await approved();
      const refused = await refusal(appliance().queueTasks({ kuids: [kuidOf(1)], type: "script", ...input }));
      expect(refused).toEqual({ code: "invalid", message: expect.stringContaining(message) });
      expect(await tasks()).toEqual([]);
    });

    it("are fifty a device at most", async () => {
      await approved(["tasks", "scripting-update"], 1, 2);
      for (let number = 0; number < 50; number += 1) await order(NEXT_WEEK);
      const kuids = [kuidOf(1), kuidOf(2)];
      const refused = await refusal(
        appliance().queueTasks({ kuids, type: "script", payload: { script: "id", at: NEXT_WEEK } }),
      );
      expect(refused).toEqual({ code: "conflict", message: expect.stringContaining("50 scripts wait") });
      expect(await tasks({ kuids: [kuidOf(2)] })).toEqual([]);
      await order(NEXT_WEEK, "uptime", { kuids: [kuidOf(2)] });
    });
  });
}
