import { describe, expect, it } from "vitest";
import type { Input } from "../../provider/appliance/appliance.ts";
import { InFlight } from "../../provider/rollout/in-flight.ts";
import { journalOf } from "../../provider/rollout/recording.ts";
import { runRollout } from "../../provider/rollout/run.ts";
import { outcome } from "./outcomes.ts";
import { crowd, PlayedWorld } from "./played-world.ts";

describe("the machines in flight", () => {
  it("are those begun, until their outcome is on its way to the appliance", () => {
    const inFlight = new InFlight();
    for (const machine of ["web01", "web02", "twin", "10.0.0.9"]) inFlight.see({ kind: "started", machine });
    expect(inFlight.count).toBe(4);
    inFlight.see({ kind: "merged", machine: "twin" });
    inFlight.see({ kind: "finished", outcome: outcome("10.0.0.9", "absent") });
    inFlight.see({ kind: "finished", outcome: outcome("web01", "installed") });
    expect(inFlight.count).toBe(2);
    inFlight.written([outcome("web01", "installed"), outcome("web07", "not-attempted")]);
    expect(inFlight.count).toBe(1);
  });

  it("are news until they are told, and again once they are others in number", () => {
    const inFlight = new InFlight();
    expect(inFlight.isNews).toBe(false);
    inFlight.see({ kind: "started", machine: "web01" });
    expect(inFlight.isNews).toBe(true);
    expect(inFlight.tell()).toBe(1);
    expect(inFlight.isNews).toBe(false);
    inFlight.written([outcome("web01", "installed")]);
    expect(inFlight.isNews).toBe(true);
  });

  it("are never more than may be worked on and what the journal holds, and none when a run has ended", async () => {
    const world = new PlayedWorld({
      ...crowd(20),
      twin: { identity: "x", lookMs: 900 },
      other: { identity: "x" },
      broken: { plan: "install", work: "fails" },
      "10.0.0.1": { origin: "range", looks: ["silent"] },
    });
    const inFlight = new InFlight();
    const told: { readonly recorded: number; readonly inFlight: number | undefined }[] = [];
    const machines = new Set<string>();
    const store = {
      recordOutcomes: async ({ outcomes, inFlight }: Input<"recordOutcomes">) => {
        for (const { machine } of outcomes) machines.add(machine);
        told.push({ recorded: machines.size, inFlight });
      },
    };
    const options = world.options({ maxConcurrency: 4 });
    const journal = journalOf(store, "run-1", inFlight);
    let most = 0;
    const onEvent = (event: Parameters<InFlight["see"]>[0]) => {
      inFlight.see(event);
      most = Math.max(most, inFlight.count);
    };
    await world.clock.play(runRollout({ ...options, journal, onEvent }));
    expect(told.length).toBeGreaterThan(1);
    for (const { recorded, inFlight = 0 } of told) expect(recorded + inFlight).toBeLessThanOrEqual(24);
    expect(most).toBeGreaterThanOrEqual(4);
    expect(told.at(-1)).toEqual({ recorded: 23, inFlight: 0 });
    expect(inFlight.count).toBe(0);
  });
});
