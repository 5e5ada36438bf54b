import { describe, expect, it } from "vitest";
import type { Input } from "../../provider/appliance/appliance.ts";
import { refusal } from "./devices.ts";
import type { Subject } from "./subject.ts";

const MINUTE_MS = 60_000;
const CANARY = "log-in-canary-77";

const saved: Input<"saveConfiguration"> = {
  id: "config-1",
  urn: "urn:c",
  name: "berlin",
  description: {
    targets: "10.0.0.1-9",
    schedule: { every: "day", at: "02:30", timezone: "Europe/Berlin" },
    inputs: JSON.stringify({ name: "berlin", enabled: true, targets: { ips: ["10.0.0.1"] } }),
  },
  runInputs: JSON.stringify({ linux: { password: CANARY } }),
};

const { schedule: _none, ...unscheduled } = saved.description;

/** What every appliance does with configurations that run by themselves: part of the contract. */
export function schedulesContract(opened: () => Subject): void {
  describe("schedules", () => {
    it("are kept with their configurations, say when they fire next, and go with them", async () => {
      const { appliance, advance } = opened();
      await appliance.saveConfiguration(saved);
      expect((await appliance.listSchedules({})).schedules).toEqual([
        {
          configurationId: "config-1",
          name: "berlin",
          enabled: true,
          schedule: { every: "day", at: "02:30", timezone: "Europe/Berlin" },
          servedUntil: "2027-03-01T08:00:00.000Z",
        },
      ]);
      const nextRun = async () => (await appliance.getConfiguration({ id: "config-1" })).nextRun;
      expect(await nextRun()).toBe("2027-03-02T01:30:00.000Z");
      advance(24 * 60 * MINUTE_MS);
      expect(await nextRun()).toBe("2027-03-03T01:30:00.000Z");
      await appliance.saveConfiguration({ ...saved, description: { ...saved.description, enabled: false } });
      expect(await nextRun()).toBeUndefined();
      expect((await appliance.listSchedules({})).schedules).toMatchObject([{ enabled: false }]);
      await appliance.deleteConfiguration({ id: "config-1" });
      expect((await appliance.listSchedules({})).schedules).toEqual([]);
    });

    it("are forgotten with what they log in with once they are taken away", async () => {
      const { appliance } = opened();
      await appliance.saveConfiguration(saved);
      await appliance.saveConfiguration({ ...saved, description: unscheduled, runInputs: undefined });
      expect((await appliance.listSchedules({})).schedules).toEqual([]);
      const { code, message } = await refusal(appliance.requestRun({ configurationId: "config-1" }));
      expect(code).toBe("conflict");
      expect(message).toContain("has no schedule");
    });

    it("never give back what they log in with", async () => {
      const { appliance } = opened();
      const answers: unknown[] = [
        await appliance.saveConfiguration(saved),
        await appliance.getConfiguration({ id: "config-1" }),
        await appliance.findConfiguration({ name: "berlin" }),
        await appliance.listConfigurations({}),
        await appliance.listSchedules({}),
        await appliance.requestRun({ configurationId: "config-1" }),
        await appliance.duplicateConfiguration({ id: "config-1", name: "munich" }),
        await appliance.listHistory({}),
      ];
      expect(JSON.stringify(answers)).not.toContain(CANARY);
    });

    it.each<[string, Partial<Input<"saveConfiguration">>, string]>([
      ["one that never fires", scheduled({ every: "february", day: 31, at: "1:00" }), "schedule.day: there is never"],
      ["a time zone there is not", scheduled({ every: "day", at: "1:00", timezone: "X/Y" }), "schedule.timezone"],
      ["one without anything to run", { runInputs: undefined }, "log in with"],
      ["log-ins without a schedule", { description: unscheduled }, "only for a configuration with a schedule"],
    ])("refuse %s, and nothing is saved", async (_, change, reason) => {
      const { appliance } = opened();
      const { code, message } = await refusal(appliance.saveConfiguration({ ...saved, ...change }));
      expect(code).toBe("invalid");
      expect(message).toContain(reason);
      expect(message).not.toContain(CANARY);
      expect((await appliance.listConfigurations({})).configurations).toEqual([]);
    });

    it("go on from where they were when the configuration is saved again, and start anew when they are changed", async () => {
      const { appliance, advance } = opened();
      const servedUntil = async () => (await appliance.listSchedules({})).schedules[0]?.servedUntil;
      await appliance.saveConfiguration(saved);
      advance(MINUTE_MS);
      await appliance.saveConfiguration({ ...saved, name: "renamed" });
      expect(await servedUntil()).toBe("2027-03-01T08:00:00.000Z");
      await appliance.saveConfiguration({ ...saved, ...scheduled({ every: "2 hours" }) });
      expect(await servedUntil()).toBe("2027-03-01T08:01:00.000Z");
      advance(MINUTE_MS);
      const off = { ...saved, description: { ...saved.description, enabled: false } };
      await appliance.saveConfiguration(off);
      advance(MINUTE_MS);
      // What would have been due while it was off is not caught up with.
      await appliance.saveConfiguration(saved);
      expect(await servedUntil()).toBe("2027-03-01T08:03:00.000Z");
    });

    it("are run on request, which is over once a run from after it has ended", async () => {
      const { appliance, advance } = opened();
      await appliance.saveConfiguration(saved);
      expect(await appliance.requestRun({ configurationId: "config-1" })).toEqual({
        requestedAt: "2027-03-01T08:00:00.000Z",
      });
      const state = async () => appliance.getConfiguration({ id: "config-1" });
      expect((await state()).requestedAt).toBe("2027-03-01T08:00:00.000Z");
      await appliance.settleSchedule({ configurationId: "config-1", until: "2027-03-01T07:59:00Z" });
      expect((await state()).requestedAt).toBeDefined();
      advance(MINUTE_MS);
      const until = "2027-03-01T08:00:30Z";
      await appliance.settleSchedule({ configurationId: "config-1", until, fault: "no bundle" });
      expect(await state()).toMatchObject({ fault: { at: "2027-03-01T08:01:00.000Z", message: "no bundle" } });
      expect((await state()).requestedAt).toBeUndefined();
      expect((await appliance.listSchedules({})).schedules[0]?.servedUntil).toBe("2027-03-01T08:00:30.000Z");
      await appliance.settleSchedule({ configurationId: "config-1", until });
      expect((await state()).fault).toBeUndefined();
      expect(await appliance.settleSchedule({ configurationId: "nobody's", until })).toEqual({ settled: false });
    });

    it("are not run on request where they are not enabled, or there is no such configuration", async () => {
      const { appliance } = opened();
      await appliance.saveConfiguration({ ...saved, description: { ...saved.description, enabled: false } });
      const off = await refusal(appliance.requestRun({ configurationId: "config-1" }));
      expect(off).toMatchObject({ code: "conflict", message: '"berlin" is not enabled' });
      expect((await refusal(appliance.requestRun({ configurationId: "config-9" }))).code).toBe("not-found");
    });

    it("are copied with their configuration; the copy is not enabled, and has a name and an id of its own", async () => {
      const { appliance } = opened();
      await appliance.saveConfiguration(saved);
      const copy = await appliance.duplicateConfiguration({ id: "config-1", name: "munich" });
      expect(copy).toMatchObject({ name: "munich", description: { enabled: false, targets: "10.0.0.1-9" } });
      expect(copy.urn).toBeUndefined();
      expect(copy.id).not.toBe("config-1");
      expect(JSON.parse(copy.description.inputs ?? "")).toEqual({
        name: "munich",
        enabled: false,
        targets: { ips: ["10.0.0.1"] },
      });
      expect((await appliance.listSchedules({})).schedules.map(({ name }) => name).sort()).toEqual([
        "berlin",
        "munich",
      ]);
      const again = await refusal(appliance.duplicateConfiguration({ id: "config-1", name: "munich" }));
      expect(again.code).toBe("conflict");
      expect((await refusal(appliance.duplicateConfiguration({ id: "config-9", name: "x" }))).code).toBe("not-found");
    });

    it("are listed page by page", async () => {
      const { appliance } = opened();
      for (const name of ["a", "b", "c"])
        await appliance.saveConfiguration({ ...saved, id: `config-${name}`, urn: undefined, name });
      const first = await appliance.listSchedules({ limit: 2 });
      expect(first.schedules.map(({ name }) => name)).toEqual(["a", "b"]);
      const rest = await appliance.listSchedules({ limit: 2, after: first.next });
      expect(rest.schedules.map(({ name }) => name)).toEqual(["c"]);
      expect(rest.next).toBeUndefined();
    });
  });
}

function scheduled(schedule: NonNullable<typeof saved.description.schedule>): Partial<Input<"saveConfiguration">> {
  return { description: { ...saved.description, schedule } };
}
