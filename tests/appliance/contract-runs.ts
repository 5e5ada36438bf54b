import { beforeEach, describe, expect, it } from "vitest";
import type { Appliance } from "../../provider/appliance/appliance.ts";
import type { NewOutcome } from "../../provider/appliance/operations/outcomes.ts";
import type { RunSummary } from "../../provider/appliance/operations/runs.ts";
import { refusal } from "./devices.ts";
import type { Subject } from "./subject.ts";

const SECOND_MS = 1_000;

function outcome(machine: string, more: Partial<NewOutcome> = {}): NewOutcome {
  return {
    machine,
    target: "10.0.0.1-9",
    action: "install",
    class: "succeeded",
    code: "installed",
    message: "installed and connected",
    durationMs: 1_200,
    ...more,
  };
}

const SUMMARY: RunSummary = {
  total: 3,
  succeeded: 2,
  unchanged: 0,
  removed: 0,
  absent: 0,
  unreachable: 0,
  failed: 1,
  notAttempted: 0,
  percentSucceeded: 66.7,
};

/** What every appliance does with configurations, their runs and outcomes: part of the contract. */
export function runsContract(opened: () => Subject): void {
  describe("configurations and runs", () => {
    let appliance: Appliance;
    let subject: Subject;
    beforeEach(() => {
      subject = opened();
      appliance = subject.appliance;
    });

    const configuration = { id: "config-1", name: "berlin", description: { targets: "10.0.0.1-9" } };
    const run = { configurationId: "config-1", kind: "up", holder: "ann@ci-7", leaseSeconds: 60 } as const;

    it("saves a configuration and gives it back to a create that is repeated", async () => {
      const saved = await appliance.saveConfiguration({ ...configuration, urn: "urn:c" });
      const again = await appliance.saveConfiguration({ ...configuration, id: "config-2", urn: "urn:c" });
      expect(again).toEqual(saved);
      expect(await appliance.findConfiguration({ urn: "urn:c" })).toMatchObject({ id: "config-1" });
      expect(await appliance.findConfiguration({ name: "munich" })).toBeNull();
      expect((await appliance.getConfiguration({ id: "config-1" })).changedSinceRun).toBe(true);
    });

    it("refuses a name that another configuration has, and names that one", async () => {
      await appliance.saveConfiguration({ ...configuration, urn: "urn:c" });
      const { code, message } = await refusal(appliance.saveConfiguration({ ...configuration, id: "config-2" }));
      expect(code).toBe("conflict");
      expect(message).toContain("urn:c");
    });

    it("lets one run at a time, and says who is busy since when", async () => {
      await appliance.saveConfiguration(configuration);
      const { runId, leaseUntil } = await appliance.startRun(run);
      expect(leaseUntil).toBe("2027-03-01T08:01:00.000Z");
      const { code, message } = await refusal(appliance.startRun({ ...run, holder: "bob@laptop" }));
      expect(code).toBe("conflict");
      expect(message).toMatch(/^busy: ann@ci-7 .*2027-03-01T08:00:00\.000Z$/);
      await appliance.finishRun({ runId, summary: SUMMARY });
      await appliance.finishRun({ runId, summary: SUMMARY });
      await appliance.startRun({ ...run, holder: "bob@laptop" });
    });

    it("takes over a lease that has run out, and tells the one who had it", async () => {
      await appliance.saveConfiguration(configuration);
      const lost = await appliance.startRun(run);
      subject.advance(59 * SECOND_MS);
      await appliance.renewLease({ runId: lost.runId, leaseSeconds: 60 });
      subject.advance(59 * SECOND_MS);
      expect((await refusal(appliance.startRun({ ...run, holder: "bob@laptop" }))).code).toBe("conflict");
      subject.advance(SECOND_MS);
      await appliance.startRun({ ...run, holder: "bob@laptop" });
      for (const late of [
        appliance.renewLease({ runId: lost.runId }),
        appliance.finishRun({ runId: lost.runId, summary: SUMMARY }),
      ]) {
        const { code, message } = await refusal(late);
        expect(code).toBe("conflict");
        expect(message).toContain("bob@laptop");
      }
    });

    it("records outcomes as often as they are sent, and keeps one of each machine", async () => {
      await appliance.saveConfiguration(configuration);
      const { runId } = await appliance.startRun(run);
      const failed = outcome("web1", { class: "failed", code: "disk-full", log: "no space left" });
      await appliance.recordOutcomes({ runId, outcomes: [failed, outcome("web2", { log: "Ünïcode" })] });
      await appliance.recordOutcomes({ runId, outcomes: [outcome("web1", { version: "1.4.2" })] });
      const { outcomes } = await appliance.listOutcomes({ configurationId: "config-1" });
      expect(outcomes).toEqual([
        {
          ...outcome("web1", { version: "1.4.2" }),
          runId,
          configurationId: "config-1",
          recordedAt: "2027-03-01T08:00:00.000Z",
          hasLog: false,
          edited: false,
          dropped: false,
        },
        expect.objectContaining({ machine: "web2", hasLog: true }),
      ]);
      expect(await appliance.outcomeLog({ configurationId: "config-1", machine: "web2" })).toMatchObject({
        runId,
        log: "Ünïcode",
      });
      expect(await appliance.outcomeLog({ configurationId: "config-1", machine: "web1" })).toBeNull();
      const { lastRun } = await appliance.getConfiguration({ id: "config-1" });
      expect(lastRun).toMatchObject({ running: true, total: 2, succeeded: 2, percentSucceeded: 100 });
    });

    it("refuses a log beyond 64 KiB, and outcomes of a run that is finished or unknown", async () => {
      await appliance.saveConfiguration(configuration);
      const { runId } = await appliance.startRun(run);
      const long = appliance.recordOutcomes({ runId, outcomes: [outcome("web1", { log: "x".repeat(65_537) })] });
      expect((await refusal(long)).code).toBe("invalid");
      await appliance.finishRun({ runId, summary: SUMMARY });
      const late = appliance.recordOutcomes({ runId, outcomes: [outcome("web1")] });
      expect((await refusal(late)).code).toBe("conflict");
      const unknown = appliance.recordOutcomes({ runId: "run-0", outcomes: [outcome("web1")] });
      expect((await refusal(unknown)).code).toBe("not-found");
    });

    it("knows what runs that broke off have done, through several of them", async () => {
      await appliance.saveConfiguration(configuration);
      expect(await appliance.unfinished({ configurationId: "config-1" })).toEqual({ run: null, outcomes: [] });
      const first = await appliance.startRun({ ...run, total: 5 });
      await appliance.recordOutcomes({ runId: first.runId, outcomes: [outcome("web1"), outcome("web2")] });
      expect((await appliance.unfinished({ configurationId: "config-1" })).run).toBeNull();
      subject.advance(60 * SECOND_MS);
      const second = await appliance.startRun({ ...run, total: 5 });
      await appliance.recordOutcomes({
        runId: second.runId,
        outcomes: [outcome("web2", { class: "failed", code: "lost" }), outcome("web3")],
      });
      subject.advance(60 * SECOND_MS);
      const third = await appliance.startRun({ ...run, total: 5 });
      const known = await appliance.unfinished({ configurationId: "config-1" });
      expect(known.run).toMatchObject({ runId: second.runId, state: "interrupted", total: 5 });
      expect(known.outcomes.map(({ machine, code }) => [machine, code])).toEqual([
        ["web1", "installed"],
        ["web2", "lost"],
        ["web3", "installed"],
      ]);
      await appliance.finishRun({ runId: third.runId, summary: SUMMARY });
      expect((await appliance.unfinished({ configurationId: "config-1" })).run).toBeNull();
    });

    it("counts what a run that broke off did not come to as not attempted", async () => {
      await appliance.saveConfiguration(configuration);
      const { runId } = await appliance.startRun({ ...run, total: 5 });
      const outcomes = [outcome("web1"), outcome("web2", { class: "failed" }), outcome("web3", { class: "absent" })];
      await appliance.recordOutcomes({ runId, outcomes });
      subject.advance(61 * SECOND_MS);
      const { configurations } = await appliance.listConfigurations({});
      expect(configurations[0]?.lastRun).toMatchObject({
        total: 5,
        succeeded: 1,
        failed: 1,
        absent: 1,
        notAttempted: 2,
        percentSucceeded: 25,
        running: false,
        interrupted: true,
      });
      const { runs } = await appliance.listRuns({});
      expect(runs).toEqual([expect.objectContaining({ runId, state: "interrupted", holder: "ann@ci-7" })]);
    });

    it("says how many machines a run works on just now, each counted once, and none once nobody runs it", async () => {
      await appliance.saveConfiguration(configuration);
      const { runId } = await appliance.startRun({ ...run, total: 5 });
      const counts = async () => {
        const { total, inFlight, notAttempted, succeeded } =
          (await appliance.getConfiguration({ id: "config-1" })).lastRun ?? {};
        return { total, inFlight, notAttempted, succeeded };
      };
      expect(await counts()).toEqual({ total: 5, inFlight: 0, notAttempted: 5, succeeded: 0 });
      await appliance.renewLease({ runId, progress: { inFlight: 3, absent: 0 } });
      expect(await counts()).toEqual({ total: 5, inFlight: 3, notAttempted: 2, succeeded: 0 });
      await appliance.recordOutcomes({
        runId,
        outcomes: [outcome("web1"), outcome("web2")],
        progress: { inFlight: 2, absent: 0 },
      });
      expect(await counts()).toEqual({ total: 5, inFlight: 2, notAttempted: 1, succeeded: 2 });
      // Who says nothing of it leaves it as it was, but what is recorded is no longer worked on.
      await appliance.renewLease({ runId });
      await appliance.recordOutcomes({ runId, outcomes: [outcome("web3"), outcome("web4")] });
      expect(await counts()).toEqual({ total: 5, inFlight: 1, notAttempted: 0, succeeded: 4 });
      subject.advance(61 * SECOND_MS);
      expect(await counts()).toEqual({ total: 5, inFlight: 0, notAttempted: 1, succeeded: 4 });
      const next = await appliance.startRun({ ...run, total: 5 });
      expect(await counts()).toEqual({ total: 5, inFlight: 0, notAttempted: 5, succeeded: 0 });
      await appliance.renewLease({ runId: next.runId, progress: { inFlight: 5, absent: 0 } });
      await appliance.finishRun({ runId: next.runId, summary: SUMMARY });
      expect((await counts()).inFlight).toBe(0);
      await expect(
        appliance.renewLease({ runId: next.runId, progress: { inFlight: -1, absent: 0 } }),
      ).rejects.toMatchObject({
        code: "invalid",
        message: expect.stringContaining("progress.inFlight"),
      });
    });

    it("says at how many addresses nobody was, while a run goes on and when it broke off", async () => {
      await appliance.saveConfiguration(configuration);
      const { runId } = await appliance.startRun({ ...run, total: 65_536 });
      const counts = async () => (await appliance.getConfiguration({ id: "config-1" })).lastRun;
      await appliance.renewLease({ runId, progress: { inFlight: 8, absent: 60_000 } });
      const known = { total: 65_536, absent: 60_000 };
      expect(await counts()).toMatchObject({ ...known, inFlight: 8, notAttempted: 5_528 });
      await appliance.recordOutcomes({
        runId,
        outcomes: [outcome("web1")],
        progress: { inFlight: 7, absent: 60_000 },
      });
      expect(await counts()).toMatchObject({ ...known, inFlight: 7, notAttempted: 5_528, succeeded: 1 });
      subject.advance(61 * SECOND_MS);
      expect(await counts()).toMatchObject({ ...known, inFlight: 0, notAttempted: 5_535, succeeded: 1 });
    });

    it("does not let an older run, or a refresh without news, say what is known of a machine", async () => {
      await appliance.saveConfiguration(configuration);
      const older = await appliance.startRun(run);
      await appliance.recordOutcomes({ runId: older.runId, outcomes: [outcome("web1", { code: "early" })] });
      subject.advance(61 * SECOND_MS);
      const newer = await appliance.startRun(run);
      await appliance.recordOutcomes({ runId: newer.runId, outcomes: [outcome("web1", { code: "newer" })] });
      await appliance.recordOutcomes({ runId: older.runId, outcomes: [outcome("web1", { code: "late" })] });
      await appliance.finishRun({ runId: newer.runId, summary: SUMMARY });
      const refresh = await appliance.startRun({ ...run, kind: "refresh" });
      const noNews = outcome("web1", { class: "unreachable", code: "port-filtered" });
      await appliance.recordOutcomes({ runId: refresh.runId, outcomes: [noNews] });
      const codes = async () =>
        (await appliance.listOutcomes({ configurationId: "config-1" })).outcomes.map(({ code }) => code);
      expect(await codes()).toEqual(["newer"]);
      const drift = outcome("web1", { class: "failed", code: "service-not-running" });
      await appliance.recordOutcomes({ runId: refresh.runId, outcomes: [drift] });
      expect(await codes()).toEqual(["service-not-running"]);
      const ofOlder = await appliance.listOutcomes({ runId: older.runId });
      expect(ofOlder.outcomes.map(({ code }) => code)).toEqual(["late"]);
    });

    it("lists outcomes by machine, class and code, page by page over configurations", async () => {
      for (const id of ["config-1", "config-2"]) {
        await appliance.saveConfiguration({ ...configuration, id, name: id });
        const { runId } = await appliance.startRun({ ...run, configurationId: id });
        const outcomes = [outcome("web1"), outcome("web2", { class: "failed", code: "disk-full" }), outcome("web3")];
        await appliance.recordOutcomes({ runId, outcomes });
      }
      const seen: string[] = [];
      let after: string | undefined;
      do {
        const answer = await appliance.listOutcomes({ limit: 2, after });
        seen.push(...answer.outcomes.map(({ machine, configurationId }) => `${machine} ${configurationId}`));
        after = answer.next;
      } while (after !== undefined);
      expect(seen).toEqual(["web1", "web2", "web3"].flatMap((name) => [`${name} config-1`, `${name} config-2`]));
      expect((await appliance.listOutcomes({ machine: "web3" })).outcomes).toHaveLength(2);
      expect((await appliance.listOutcomes({ classes: ["failed"] })).outcomes).toHaveLength(2);
      expect(
        (await appliance.listOutcomes({ codes: ["disk-full"], configurationId: "config-2" })).outcomes,
      ).toHaveLength(1);
    });

    it("marks outcomes of a configuration that was edited, until it is run again", async () => {
      const edited = async () =>
        (await appliance.listOutcomes({ configurationId: "config-1" })).outcomes.map((one) => one.edited);
      await appliance.saveConfiguration(configuration);
      const first = await appliance.startRun(run);
      await appliance.recordOutcomes({ runId: first.runId, outcomes: [outcome("web1"), outcome("web2")] });
      await appliance.finishRun({ runId: first.runId, summary: SUMMARY });
      subject.advance(SECOND_MS);
      await appliance.saveConfiguration(configuration);
      expect(await edited(), "saved as it was").toEqual([false, false]);
      const description = { ...configuration.description, targets: "web3" };
      await appliance.saveConfiguration({ ...configuration, description });
      expect(await edited()).toEqual([true, true]);
      const second = await appliance.startRun(run);
      await appliance.recordOutcomes({ runId: second.runId, outcomes: [outcome("web1")] });
      expect(await edited(), "the run has come to web1").toEqual([false, true]);
      const dropped = async () =>
        (await appliance.listOutcomes({ configurationId: "config-1" })).outcomes.map((one) => one.dropped);
      expect(await dropped(), "the run may still come to web2").toEqual([false, false]);
      await appliance.finishRun({ runId: second.runId, summary: SUMMARY });
      expect(await edited(), "the run came to all its machines").toEqual([false, false]);
      expect(await dropped(), "web2 was none of them").toEqual([false, true]);
      subject.advance(SECOND_MS);
      await appliance.saveConfiguration(configuration);
      expect(await edited(), "an edit resets them again").toEqual([true, true]);
      const third = await appliance.startRun(run);
      await appliance.recordOutcomes({ runId: third.runId, outcomes: [outcome("web1")] });
      await appliance.finishRun({ runId: third.runId, summary: SUMMARY });
      expect(await edited(), "and a run ends that").toEqual([false, false]);
      expect(await dropped()).toEqual([false, true]);
    });

    it("deletes a configuration with its runs, outcomes and logs", async () => {
      await appliance.saveConfiguration(configuration);
      const { runId } = await appliance.startRun(run);
      await appliance.recordOutcomes({ runId, outcomes: [outcome("web1", { log: "done" })] });
      expect(await appliance.deleteConfiguration({ id: "config-1" })).toEqual({ deleted: true });
      expect(await appliance.deleteConfiguration({ id: "config-1" })).toEqual({ deleted: false });
      expect((await appliance.listOutcomes({})).outcomes).toEqual([]);
      expect((await appliance.listRuns({})).runs).toEqual([]);
      expect(await appliance.outcomeLog({ configurationId: "config-1", machine: "web1" })).toBeNull();
      expect((await refusal(appliance.startRun(run))).code).toBe("not-found");
    });
  });
}
