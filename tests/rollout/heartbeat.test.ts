import { describe, expect, it } from "vitest";
import type { Input } from "../../provider/appliance/appliance.ts";
import { Heartbeat } from "../../provider/rollout/heartbeat.ts";
import { journalOf } from "../../provider/rollout/recording.ts";
import { runRollout } from "../../provider/rollout/run.ts";
import { outcome } from "./outcomes.ts";
import { crowd, PlayedWorld } from "./played-world.ts";

describe("what a run says of itself while it goes on", () => {
  it("counts machines from their beginning until their outcome is on its way to the appliance", () => {
    const heartbeat = new Heartbeat();
    for (const machine of ["web01", "web02", "twin", "10.0.0.9"]) heartbeat.see({ kind: "started", machine });
    expect(heartbeat.tell()).toEqual({ inFlight: 4, absent: 0 });
    heartbeat.see({ kind: "merged", machine: "twin" });
    heartbeat.see({ kind: "finished", outcome: outcome("10.0.0.9", "absent") });
    heartbeat.see({ kind: "finished", outcome: outcome("10.0.0.10", "absent") });
    heartbeat.see({ kind: "finished", outcome: outcome("web01", "installed") });
    expect(heartbeat.tell()).toEqual({ inFlight: 2, absent: 2 });
    heartbeat.written([outcome("web01", "installed"), outcome("web07", "not-attempted")]);
    expect(heartbeat.tell()).toEqual({ inFlight: 1, absent: 2 });
  });

  it("is news until it is told, and again once a number is another", () => {
    const heartbeat = new Heartbeat();
    expect(heartbeat.isNews).toBe(false);
    heartbeat.see({ kind: "started", machine: "web01" });
    expect(heartbeat.isNews).toBe(true);
    heartbeat.tell();
    expect(heartbeat.isNews).toBe(false);
    heartbeat.see({ kind: "finished", outcome: outcome("10.0.0.9", "absent") });
    expect(heartbeat.isNews).toBe(true);
    heartbeat.tell();
    heartbeat.written([outcome("web01", "installed")]);
    expect(heartbeat.isNews).toBe(true);
  });

  it("never adds up to more than the targets with what is recorded, and ends with nobody in flight", async () => {
    const world = new PlayedWorld({
      ...crowd(20),
      twin: { identity: "x", lookMs: 900 },
      other: { identity: "x" },
      broken: { plan: "install", work: "fails" },
      "10.0.0.1": { origin: "range", looks: ["silent"] },
    });
    const heartbeat = new Heartbeat();
    const told: { readonly recorded: number; readonly inFlight: number; readonly absent: number }[] = [];
    const machines = new Set<string>();
    const store = {
      recordOutcomes: async ({ outcomes, progress = { inFlight: 0, absent: 0 } }: Input<"recordOutcomes">) => {
        for (const { machine } of outcomes) machines.add(machine);
        told.push({ recorded: machines.size, ...progress });
      },
    };
    let most = 0;
    const onEvent = (event: Parameters<Heartbeat["see"]>[0]) => {
      heartbeat.see(event);
      most = Math.max(most, heartbeat.tell().inFlight);
    };
    const journal = journalOf(store, "run-1", heartbeat);
    await world.clock.play(runRollout({ ...world.options({ maxConcurrency: 4 }), journal, onEvent }));
    expect(told.length).toBeGreaterThan(1);
    for (const { recorded, inFlight, absent } of told) expect(recorded + inFlight + absent).toBeLessThanOrEqual(24);
    expect(most).toBeGreaterThanOrEqual(4);
    expect(told.at(-1)).toEqual({ recorded: 23, inFlight: 0, absent: 1 });
  });
});
