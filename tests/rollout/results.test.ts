import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Outcome } from "../../provider/rollout/outcome.ts";
import {
  allRight,
  continued,
  driftPaths,
  MAX_RECORDED,
  recordingOf,
  refreshed,
  unseen,
  without,
} from "../../provider/rollout/results.ts";
import { noCounts, summaryOf } from "../../provider/rollout/summary.ts";
import { byMachine, outcome } from "./outcomes.ts";

function record(...outcomes: Outcome[]) {
  const counts = noCounts();
  for (const one of outcomes) counts[one.class]++;
  return recordingOf(byMachine(...outcomes), summaryOf(counts));
}

const installed = (machine: string) =>
  outcome(machine, "installed", {
    action: "install",
    platform: "linux",
    version: "1.4.2",
    server: "kbox.corp.example:443",
    kuid: "6b8f1c1e-2a57-4b0e-9d2f-0a4f5d8c7b11",
  });

describe("what is recorded of a rollout", () => {
  it("is every machine, in the order of their names, without what changes by itself", () => {
    const { results } = record(installed("web10"), installed("web2"), outcome("off", "port-filtered"));
    expect(Object.keys(results)).toEqual(["off", "web2", "web10"]);
    expect(results.web2).toEqual({
      platform: "linux",
      action: "install",
      class: "succeeded",
      code: "installed",
      version: "1.4.2",
      server: "kbox.corp.example:443",
      identity: "6b8f1c1e-2a57-4b0e-9d2f-0a4f5d8c7b11",
    });
  });

  it("takes under 300 bytes a machine", () => {
    const machine = "web-frontend-042.production.berlin.corp.example";
    const one = { ...installed(machine), address: "2001:db8:1234:5678:9abc:def0:1234:5678" };
    const { results } = record(one);
    expect(Buffer.byteLength(JSON.stringify(results))).toBeLessThan(300);
  });

  it("is above 2,000 machines only those that are not right, and of these 2,000", () => {
    const fleet = Array.from({ length: 20_000 }, (_, index) =>
      index < 5_000 ? outcome(`m${index}`, "port-filtered") : installed(`m${index}`),
    );
    const recording = record(...fleet);
    expect(Object.keys(recording.results)).toHaveLength(MAX_RECORDED);
    expect(recording.summary).toMatchObject({ total: 20_000, succeeded: 15_000, unreachable: 5_000 });
    expect(Buffer.byteLength(JSON.stringify(recording))).toBeLessThan(1_000_000);
    expect(driftPaths(recording)).toHaveLength(MAX_RECORDED + 1);
    expect(driftPaths(recording).at(-1)).toEqual(["summary"]);
  });
});

describe("drift", () => {
  it("is nothing where all is right", () => {
    const recording = record(installed("a"), outcome("b", "unchanged"), outcome("c", "removed"));
    expect(driftPaths(recording)).toEqual([]);
    expect(allRight(recording)).toBe(true);
  });

  it("names every machine that is not, tolerated and never attempted ones included", () => {
    const recording = record(installed("a"), outcome("b", "auth-failed"), outcome("c", "not-attempted"));
    expect(driftPaths(recording)).toEqual([
      ["results", "b"],
      ["results", "c"],
    ]);
    expect(allRight(recording)).toBe(false);
  });
});

describe("a refresh", () => {
  it("keeps a right machine's record as it is", () => {
    const recorded = record(installed("a"), outcome("b", "unchanged", { platform: "linux" }));
    const looked = byMachine(
      { ...installed("a"), action: "none", code: "unchanged", class: "unchanged" },
      outcome("b", "unchanged", { platform: "linux" }),
    );
    expect(refreshed(recorded, looked)).toEqual(recorded);
  });

  it.each(["dns-failed", "port-filtered", "connect-timeout", "auth-failed", "busy"] as const)(
    "takes nothing from a machine at which it ended with %s",
    (code) => {
      const recorded = record(installed("a"));
      expect(refreshed(recorded, byMachine(outcome("a", code)))).toEqual(recorded);
    },
  );

  it("shows a machine that has another host key: it was set up anew, and has no agent any more", () => {
    const after = refreshed(record(installed("a")), byMachine(outcome("a", "host-key-changed")));
    expect(after.results.a).toMatchObject({ class: "failed", code: "host-key-changed" });
    expect(driftPaths(after)).toEqual([["results", "a"]]);
    expect(refreshed(record(), byMachine(outcome("b", "host-key-changed"))).results).toEqual({});
  });

  it("names the machines whose record it could not check, but not those that are drift already", () => {
    const recorded = record(installed("a"), installed("b"), outcome("c", "port-closed"));
    const looked = byMachine(outcome("a", "port-filtered"), installed("b"), outcome("c", "port-closed"));
    expect(unseen(recorded, looked)).toEqual(["a (port-filtered)"]);
  });

  it("does not make a machine out of one that could not be logged in to", () => {
    const recorded = record(installed("a"));
    expect(
      refreshed(recorded, byMachine(installed("a"), outcome("printer", "auth-failed"))).results,
    ).not.toHaveProperty("printer");
  });

  it("shows what would put a machine right that no longer is", () => {
    const recorded = record(installed("a"), installed("b"));
    const after = refreshed(recorded, byMachine(installed("a"), outcome("b", "planned", { action: "repair" })));
    expect(after.results.b).toEqual({ action: "repair", class: "notAttempted", code: "drifted" });
    expect(after.summary).toMatchObject({ total: 2, succeeded: 1, notAttempted: 1, percentSucceeded: 50 });
    expect(driftPaths(after)).toEqual([["results", "b"]]);
  });

  it("shows a machine that is in quarantine now", () => {
    const after = refreshed(record(installed("a")), byMachine(outcome("a", "quarantined")));
    expect(after.results.a).toMatchObject({ class: "failed", code: "quarantined" });
    expect(after.summary).toMatchObject({ succeeded: 0, failed: 1 });
  });

  it("knows a version that an update policy brought, and calls that no drift", () => {
    const updated = {
      ...installed("a"),
      action: "none",
      code: "unchanged",
      class: "unchanged",
      version: "1.5.0",
    } as const;
    const after = refreshed(record(installed("a")), byMachine(updated));
    expect(after.results.a).toMatchObject({ class: "succeeded", code: "installed", version: "1.5.0" });
    expect(allRight(after)).toBe(true);
  });

  it("calls a machine right that was repaired by hand", () => {
    const after = refreshed(record(outcome("a", "service-not-running")), byMachine(outcome("a", "unchanged")));
    expect(after.results.a).toMatchObject({ class: "unchanged", code: "unchanged" });
    expect(after.summary).toMatchObject({ failed: 0, unchanged: 1, percentSucceeded: 100 });
  });

  it("sees a machine that came to an address of a range", () => {
    const recorded = { ...record(installed("a")), summary: summaryOf({ ...noCounts(), succeeded: 1, absent: 5 }) };
    const after = refreshed(recorded, byMachine(installed("a"), outcome("10.0.0.7", "planned", { action: "install" })));
    expect(after.results["10.0.0.7"]).toMatchObject({ action: "install", code: "drifted" });
    expect(after.summary).toMatchObject({ total: 6, absent: 4, notAttempted: 1 });
  });

  it("lists of a very large fleet only what is not right", () => {
    const summary = summaryOf({ ...noCounts(), unchanged: 4_999, failed: 1 });
    const recorded = recordingOf(byMachine(outcome("m1", "install-failed")), summary);
    const looked = byMachine(
      outcome("m1", "unchanged"),
      outcome("m2", "unchanged"),
      outcome("m3", "planned", { action: "install" }),
    );
    const after = refreshed(recorded, looked);
    expect(Object.keys(after.results)).toEqual(["m3"]);
    expect(after.summary).toMatchObject({ total: 5_000, unchanged: 4_999, failed: 0, notAttempted: 1 });
  });

  it("never changes how many there are, whatever is seen", () => {
    const codes = fc.constantFrom(
      "installed",
      "unchanged",
      "install-failed",
      "port-filtered",
      "not-attempted" as const,
    );
    const looks = fc.constantFrom("unchanged", "planned", "quarantined", "auth-failed", "removed" as const);
    fc.assert(
      fc.property(fc.array(fc.tuple(codes, looks), { minLength: 1, maxLength: 20 }), (machines) => {
        const recorded = record(...machines.map(([code], index) => outcome(`m${index}`, code)));
        const looked = byMachine(
          ...machines.map(([, look], index) =>
            outcome(`m${index}`, look, look === "planned" ? { action: "repair" } : {}),
          ),
        );
        const after = refreshed(recorded, looked);
        expect(after.summary.total).toBe(machines.length);
        const counts = noCounts();
        for (const result of Object.values(after.results)) counts[result.class]++;
        expect(summaryOf(counts)).toEqual(after.summary);
      }),
    );
  });
});

describe("a run over some of the machines", () => {
  it("replaces what is recorded of those, and keeps the rest", () => {
    const before = record(installed("a"), outcome("b", "install-failed"), outcome("c", "not-attempted"));
    const after = continued(before, byMachine(installed("b"), outcome("c", "port-filtered")));
    expect(after.results.a).toEqual(before.results.a);
    expect(after.results.b?.code).toBe("installed");
    expect(after.summary).toMatchObject({ total: 3, succeeded: 2, unreachable: 1, failed: 0, notAttempted: 0 });
  });

  it("takes a machine of a large fleet off the list once it is right", () => {
    const fleet = Array.from({ length: MAX_RECORDED + 1 }, (_, index) => installed(`m${index}`));
    const before = record(...fleet, outcome("bad", "install-failed"));
    expect(Object.keys(before.results)).toEqual(["bad"]);
    const after = continued(before, byMachine(installed("bad")));
    expect(after.results).toEqual({});
    expect(after.summary).toMatchObject({ total: MAX_RECORDED + 2, succeeded: MAX_RECORDED + 2, failed: 0 });
    expect(allRight(after)).toBe(true);
  });
});

describe("machines that are no targets any more", () => {
  it("are neither recorded nor counted", () => {
    const before = record(installed("a"), installed("b"), outcome("c", "install-failed"));
    const after = without(before, ["b", "c", "never-there"]);
    expect(Object.keys(after.results)).toEqual(["a"]);
    expect(after.summary).toMatchObject({ total: 1, succeeded: 1, failed: 0, percentSucceeded: 100 });
  });
});
