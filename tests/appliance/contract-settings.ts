import { describe, expect, it } from "vitest";
import type { Appliance, Input } from "../../provider/appliance/appliance.ts";
import { ApplianceError } from "../../provider/appliance/errors.ts";
import { DEFAULT_AGENT_SETTINGS } from "../../provider/appliance/operations/settings.ts";
import { device } from "./devices.ts";
import type { Subject } from "./subject.ts";

const MINUTE_MS = 60_000;

async function refusal(work: Promise<unknown>): Promise<ApplianceError> {
  const thrown = await work.then(
    () => undefined,
    (error: unknown) => error,
  );
  if (!(thrown instanceof ApplianceError)) throw new Error(`expected a refusal, got ${String(thrown)}`);
  return thrown;
}

async function enrol(appliance: Appliance, count: number, token: string): Promise<void> {
  for (let number = 1; number <= count; number++) {
    await appliance.enrolDevice(device(number, { token }));
  }
}

/** What every appliance does with settings: part of the contract. @param opened the subject of the test that runs */
export function settingsContract(opened: () => Subject): void {
  describe("settings", () => {
    const get = () => opened().appliance.getSettings({});
    const update = (input: Input<"updateSettings">) => opened().appliance.updateSettings(input);

    it("are the vendor's defaults until somebody sets something", async () => {
      expect(await get()).toEqual({
        organization: "default",
        exists: false,
        revision: 0,
        given: {},
        effective: {
          communicationsWindow: { from: "00:00", to: "00:00" },
          runIntervalSeconds: 3_600,
          inventoryIntervalSeconds: 0,
          splashText: DEFAULT_AGENT_SETTINGS.splashText,
          scriptingUpdateIntervalSeconds: 28_800,
          logRetention: "saveAll",
        },
        appliance: {
          taskThroughput: 50,
          taskThroughputGiven: false,
          loadAverage: 0.5,
          maxCheckInsPerHour: 500,
          maxCheckInsPerHourGiven: false,
        },
      });
    });

    it("change where they are given, go back to the default by null, and stay where they are left out", async () => {
      const window = { from: "22:00", to: "06:00" };
      await update({ splashText: "" });
      expect((await get()).effective.splashText).toBe("");
      await update({ runIntervalSeconds: 7_200, communicationsWindow: window, splashText: "Bitte warten" });
      const changed = await update({ communicationsWindow: null, logRetention: "off", runIntervalSeconds: 3_600 });
      // A value that is the default too is still one that somebody gave.
      expect(changed.given).toEqual({ runIntervalSeconds: 3_600, splashText: "Bitte warten", logRetention: "off" });
      expect(changed.effective).toEqual({
        ...DEFAULT_AGENT_SETTINGS,
        splashText: "Bitte warten",
        logRetention: "off",
      });
      expect(changed.exists).toBe(true);
      expect(await get()).toEqual(changed);
    });

    it("belong to one resource, which may say so again, and are refused to another one", async () => {
      await update({ urn: "urn:first", runIntervalSeconds: 7_200 });
      expect(await update({ urn: "urn:first", runIntervalSeconds: 7_200 })).toMatchObject({ urn: "urn:first" });
      const { code, message } = await refusal(update({ urn: "urn:second", runIntervalSeconds: 60 }));
      expect(code).toBe("conflict");
      expect(message).toContain("urn:first");
      expect(await opened().appliance.resetSettings({ urn: "urn:second" })).toMatchObject({ reset: false });
      expect(await get()).toMatchObject({ urn: "urn:first", effective: { runIntervalSeconds: 7_200 } });
      expect(await opened().appliance.resetSettings({ urn: "urn:first" })).toMatchObject({ reset: true });
      expect(await opened().appliance.resetSettings({ urn: "urn:first" })).toMatchObject({ reset: false });
      expect(await get()).toMatchObject({ exists: false, given: {}, effective: DEFAULT_AGENT_SETTINGS });
      expect((await get()).urn).toBeUndefined();
      expect(await update({ urn: "urn:second" })).toMatchObject({ exists: true, urn: "urn:second" });
    });

    it("stay those of a resource that was renamed, which says what it was called before", async () => {
      await update({ urn: "urn:before" });
      expect(await refusal(update({ urn: "urn:after", formerUrn: "urn:another" }))).toMatchObject({ code: "conflict" });
      const renamed = await update({ urn: "urn:after", formerUrn: "urn:before", runIntervalSeconds: 7_200 });
      expect(renamed).toMatchObject({ urn: "urn:after", effective: { runIntervalSeconds: 7_200 } });
      const { appliance } = opened();
      expect(await appliance.resetSettings({ urn: "urn:third", formerUrn: "urn:before" })).toMatchObject({
        reset: false,
      });
      expect(await appliance.resetSettings({ urn: "urn:third", formerUrn: "urn:after" })).toMatchObject({
        reset: true,
      });
    });

    it("are adopted by a resource where people set them before", async () => {
      await update({ runIntervalSeconds: 7_200 });
      const adopted = await update({ urn: "urn:a", splashText: "Please wait" });
      expect(adopted).toMatchObject({ urn: "urn:a", given: { runIntervalSeconds: 7_200, splashText: "Please wait" } });
    });

    it("have a revision that rises when agents have to live by something else, and only then", async () => {
      const revisions = [
        await update({ urn: "urn:a" }),
        await update({ runIntervalSeconds: 3_600 }),
        await update({ runIntervalSeconds: 7_200 }),
        await update({ runIntervalSeconds: 7_200 }),
        await update({ taskThroughput: 40 }),
        await update({ splashText: "Please wait" }),
      ].map(({ revision }) => revision);
      expect(revisions).toEqual([0, 0, 1, 1, 1, 2]);
      await opened().appliance.resetSettings({});
      expect(await get()).toMatchObject({ revision: 3 });
    });

    it("tell a server every change by revision, a reset included", async () => {
      const { appliance } = opened();
      expect(await appliance.listSettingsChanges({})).toEqual({
        revision: 0,
        complete: true,
        organizations: [],
        taskThroughput: 50,
      });
      await update({ runIntervalSeconds: 7_200, taskThroughput: 40 });
      const first = await appliance.listSettingsChanges({ revision: 0 });
      expect(first).toEqual({
        revision: 1,
        complete: true,
        organizations: [
          {
            organization: "default",
            revision: 1,
            settings: { ...DEFAULT_AGENT_SETTINGS, runIntervalSeconds: 7_200 },
          },
        ],
        taskThroughput: 40,
      });
      expect((await appliance.listSettingsChanges({ revision: 1 })).organizations).toEqual([]);
      await appliance.resetSettings({});
      expect((await appliance.listSettingsChanges({ revision: 1 })).organizations).toEqual([
        { organization: "default", revision: 2, settings: DEFAULT_AGENT_SETTINGS },
      ]);
      // A server that remembers more than a restored database does is told all there is.
      const beyond = await appliance.listSettingsChanges({ revision: 99 });
      expect(beyond).toMatchObject({ revision: 2, complete: false, organizations: [{ revision: 2 }] });
    });

    it("leave a history of what held before and after, and whose they were", async () => {
      await update({ urn: "urn:a", runIntervalSeconds: 7_200 });
      await update({ taskThroughput: 40 });
      await opened().appliance.resetSettings({});
      const { entries } = await opened().appliance.listHistory({ subject: "settings:default" });
      expect(entries.map(({ what, changes }) => [what, changes])).toEqual([
        [
          "resetSettings",
          [
            { property: "runIntervalSeconds", from: 7_200, to: 3_600 },
            { property: "managedBy", from: "urn:a", to: null },
          ],
        ],
        [
          "updateSettings",
          [
            { property: "runIntervalSeconds", from: 3_600, to: 7_200 },
            { property: "managedBy", from: null, to: "urn:a" },
          ],
        ],
      ]);
      const shared = await opened().appliance.listHistory({ subject: "appliance-settings" });
      expect(shared.entries[0]).toMatchObject({ changes: [{ property: "taskThroughput", from: null, to: 40 }] });
    });

    describe("have a task throughput that", () => {
      it("rises at first, then only more than 15 minutes after its last change, and falls at any time", async () => {
        await update({ taskThroughput: 60 });
        expect((await get()).appliance.taskThroughputUpdatedAt).toBe("2027-03-01T08:00:00.000Z");
        opened().advance(MINUTE_MS);
        await update({ taskThroughput: 30 });
        opened().advance(15 * MINUTE_MS);
        const { code, message, hint } = await refusal(update({ taskThroughput: 31, splashText: "not kept" }));
        expect(code).toBe("not-now");
        expect(message).toContain("2027-03-01T08:01:00.000Z");
        expect(hint).toContain("after 2027-03-01T08:16:00.000Z");
        expect(await get()).toMatchObject({ given: {}, appliance: { taskThroughput: 30 } });
        opened().advance(1);
        expect((await update({ taskThroughput: 31 })).appliance).toMatchObject({
          taskThroughput: 31,
          taskThroughputUpdatedAt: "2027-03-01T08:16:00.001Z",
        });
      });

      it("does not rise under a load average above 10.0, and falls under any", async () => {
        opened().setLoad(10.1);
        const { code, message } = await refusal(update({ taskThroughput: 51 }));
        expect(code).toBe("not-now");
        expect(message).toContain("10.1");
        expect((await get()).appliance).toMatchObject({ loadAverage: 10.1, taskThroughput: 50 });
        opened().setLoad(10);
        await update({ taskThroughput: 51 });
        opened().setLoad(30);
        expect((await update({ taskThroughput: 50 })).appliance).toMatchObject({ taskThroughput: 50 });
      });

      it("is not changed by saying the same again, and so neither refused nor dated anew", async () => {
        await update({ taskThroughput: 60 });
        opened().setLoad(99);
        opened().advance(MINUTE_MS);
        const again = await update({ taskThroughput: 60, runIntervalSeconds: 7_200 });
        expect(again.appliance.taskThroughputUpdatedAt).toBe("2027-03-01T08:00:00.000Z");
        expect(again.effective.runIntervalSeconds).toBe(7_200);
      });

      it("falls back by a reset, and stays where it is low and may not rise yet", async () => {
        const { appliance } = opened();
        await update({ taskThroughput: 60 });
        expect(await appliance.resetSettings({})).toEqual({ reset: true, taskThroughputKept: false });
        expect((await get()).appliance).toMatchObject({ taskThroughput: 50, taskThroughputGiven: false });
        await update({ taskThroughput: 20 });
        expect(await appliance.resetSettings({})).toEqual({ reset: true, taskThroughputKept: true });
        expect((await get()).appliance).toMatchObject({ taskThroughput: 20 });
        await update({ taskThroughput: 10 });
        opened().advance(16 * MINUTE_MS);
        expect(await appliance.resetSettings({ taskThroughput: false })).toMatchObject({ taskThroughputKept: false });
        expect((await get()).appliance).toMatchObject({ taskThroughput: 10 });
      });
    });

    it("are each organization's own, and what is the appliance's is set through the default one", async () => {
      const { appliance } = opened();
      await appliance.createOrganization({ name: "berlin" });
      const ofBerlin = { organization: "berlin", runIntervalSeconds: 7_200 };
      expect(await appliance.updateSettings({ ...ofBerlin, urn: "urn:berlin" })).toMatchObject({
        organization: "berlin",
        urn: "urn:berlin",
        effective: { runIntervalSeconds: 7_200 },
      });
      expect(await update({ urn: "urn:default" })).toMatchObject({ effective: { runIntervalSeconds: 3_600 } });
      for (const input of [{ taskThroughput: 10 }, { maxCheckInsPerHour: 10 }]) {
        const { code, message } = await refusal(appliance.updateSettings({ organization: "berlin", ...input }));
        expect(code).toBe("invalid");
        expect(message).toContain('not one of organization "berlin"');
      }
      await update({ taskThroughput: 40 });
      await appliance.resetSettings({ organization: "berlin" });
      expect((await get()).appliance.taskThroughput).toBe(40);
      const { value } = await appliance.createToken({ name: "t" });
      await enrol(appliance, 2, value);
      await appliance.updateSettings(ofBerlin);
      expect(await appliance.checkInLoad({ organization: "berlin" })).toEqual({
        maxCheckInsPerHour: 500,
        devices: 0,
        runIntervalSeconds: 7_200,
        others: [{ devices: 2, runIntervalSeconds: 3_600 }],
      });
      const { code } = await refusal(appliance.getSettings({ organization: "bonn" }));
      expect(code).toBe("not-found");
    });

    it("know how often the appliance is asked", async () => {
      const { appliance } = opened();
      const { value } = await appliance.createToken({ name: "t", useLimit: 2 });
      await enrol(appliance, 3, value); // the third one waits in quarantine, and does not check in
      await update({ runIntervalSeconds: 7_200, maxCheckInsPerHour: 100 });
      expect(await appliance.checkInLoad({})).toEqual({
        maxCheckInsPerHour: 100,
        devices: 2,
        runIntervalSeconds: 7_200,
        others: [],
      });
      await appliance.resetSettings({});
      expect((await appliance.checkInLoad({})).maxCheckInsPerHour).toBe(500);
    });

    it.each<[string, Input<"updateSettings">]>([
      ["a run interval of nothing", { runIntervalSeconds: 0 }],
      ["a run interval of half a minute", { runIntervalSeconds: 30 }],
      ["a run interval of a year", { runIntervalSeconds: 365 * 86_400 }],
      ["a run interval in fractions of seconds", { runIntervalSeconds: 90.5 }],
      ["an inventory interval below zero", { inventoryIntervalSeconds: -1 }],
      ["an inventory interval of a second", { inventoryIntervalSeconds: 1 }],
      ["a scripting update interval of nothing", { scriptingUpdateIntervalSeconds: 0 }],
      ["a window at 24:00", { communicationsWindow: { from: "01:00", to: "24:00" } }],
      ["a window without leading zeros", { communicationsWindow: { from: "1:00", to: "06:00" } }],
      ["a window that is nothing or all", { communicationsWindow: { from: "06:00", to: "06:00" } }],
      ["a splash text of 256 characters", { splashText: "x".repeat(256) }],
      ["a splash text that moves a cursor", { splashText: "please\u001b[2Jwait" }],
      ["a throughput of nothing", { taskThroughput: 0 }],
      ["a limit of no check-ins", { maxCheckInsPerHour: 0 }],
    ])("refuse %s, and keep what they were", async (_, input) => {
      expect((await refusal(update({ logRetention: "off", ...input }))).code).toBe("invalid");
      expect(await get()).toMatchObject({ exists: false, revision: 0 });
    });
  });
}
