import { describe, expect, it } from "vitest";
import type { Input } from "../../provider/appliance/appliance.ts";
import { ApplianceError } from "../../provider/appliance/errors.ts";
import { Heartbeat } from "../../provider/rollout/heartbeat.ts";
import { holdLease, type LeaseStore } from "../../provider/rollout/lease.ts";
import { noCounts, summaryOf } from "../../provider/rollout/summary.ts";
import { VirtualClock } from "./virtual-clock.ts";

const taken = new ApplianceError({ code: "conflict", message: "busy: deploy@ci-7 works on berlin since 10:00" });

/** A store whose answers are played, one after the other; the last one again and again. */
class PlayedStore implements LeaseStore {
  readonly starts: (ApplianceError | undefined)[];
  readonly renewals: (ApplianceError | undefined)[];
  renewed = 0;
  readonly told: (number | undefined)[] = [];
  started = 0;
  readonly finished: string[] = [];

  constructor(starts: (ApplianceError | undefined)[], renewals: (ApplianceError | undefined)[] = [undefined]) {
    this.starts = starts;
    this.renewals = renewals;
  }

  async startRun() {
    const fault = this.starts[Math.min(this.started++, this.starts.length - 1)];
    if (fault !== undefined) throw fault;
    return { runId: "run-1", leaseUntil: "2026-11-21T10:01:00.000Z" };
  }

  async renewLease({ progress }: Partial<Input<"renewLease">> = {}) {
    this.told.push(progress?.inFlight);
    const fault = this.renewals[Math.min(this.renewed++, this.renewals.length - 1)];
    if (fault !== undefined) throw fault;
    return {};
  }

  async finishRun({ runId }: { readonly runId: string }) {
    this.finished.push(runId);
    return {};
  }
}

function hold(store: LeaseStore, clock: VirtualClock, patienceMs = 10_000, onBusy?: (message: string) => void) {
  const signal = new AbortController().signal;
  const run = { configurationId: "berlin", kind: "up" as const, holder: "me" };
  return holdLease({ store, run, clock, signal, patienceMs, onBusy });
}

describe("the lease of a configuration", () => {
  it("is renewed while the run goes on, and given back at its end", async () => {
    const clock = new VirtualClock();
    const store = new PlayedStore([undefined]);
    const lease = await hold(store, clock);
    await clock.play(clock.sleep(101_000));
    expect(store.renewed).toBe(5);
    await lease.finish(summaryOf(noCounts()));
    expect(store.finished).toEqual(["run-1"]);
    await clock.play(clock.sleep(101_000));
    expect(store.renewed).toBe(5);
    expect(lease.signal.aborted).toBe(false);
  });

  it("says how many machines are in flight as it changes, and is renewed in time where it does not", async () => {
    const clock = new VirtualClock();
    const store = new PlayedStore([undefined]);
    const heartbeat = new Heartbeat();
    const signal = new AbortController().signal;
    const run = { configurationId: "berlin", kind: "up" as const, holder: "me" };
    const lease = await holdLease({ store, run, clock, signal, patienceMs: 0, leaseSeconds: 20, heartbeat });
    for (const machine of ["web01", "web02"]) heartbeat.see({ kind: "started", machine });
    await clock.play(clock.sleep(2_500));
    expect(store.told).toEqual([2]);
    await clock.play(clock.sleep(60_000));
    expect(store.told.length).toBeGreaterThanOrEqual(60 / (20 / 3));
    expect(new Set(store.told)).toEqual(new Set([2]));
    const before = store.renewed;
    heartbeat.see({ kind: "merged", machine: "web02" });
    await clock.play(clock.sleep(2_500));
    expect(store.told.slice(before)).toEqual([1]);
    lease.abandon();
  });

  it("is waited for while another run has it, who is named once", async () => {
    const clock = new VirtualClock();
    const said: string[] = [];
    const lease = await clock.play(
      hold(new PlayedStore([taken, taken, taken, undefined]), clock, 10_000, (message) => said.push(message)),
    );
    lease.abandon();
    expect(said).toEqual([taken.message]);
    expect(clock.nowMs()).toBe(3_000);
  });

  it("is refused as busy if that run does not end in time", async () => {
    const clock = new VirtualClock();
    const store = new PlayedStore([taken]);
    await expect(clock.play(hold(store, clock))).rejects.toMatchObject({
      code: "conflict",
      message: `[busy] ${taken.message}`,
    });
    expect(clock.nowMs()).toBe(10_000);
  });

  it("is not waited for where the appliance is at fault", async () => {
    const locked = new ApplianceError({ code: "locked", message: "the database is locked" });
    await expect(hold(new PlayedStore([locked]), new VirtualClock())).rejects.toBe(locked);
  });

  it("is lost at once if another run took it over, and the run hears of it", async () => {
    const clock = new VirtualClock();
    const lease = await hold(new PlayedStore([undefined], [taken]), clock);
    await clock.play(clock.sleep(20_001));
    expect(lease.signal.reason).toMatchObject({ message: expect.stringContaining("lost: busy: deploy@ci-7") });
  });

  it("survives an appliance that does not answer for a moment, but not for longer than it runs", async () => {
    const down = new ApplianceError({ code: "unavailable", message: "the appliance does not answer" });
    const clock = new VirtualClock();
    const recovers = await hold(new PlayedStore([undefined], [down, undefined, undefined]), clock);
    const stays = await hold(new PlayedStore([undefined], [down]), clock);
    await clock.play(clock.sleep(61_000));
    expect(recovers.signal.aborted).toBe(false);
    expect(stays.signal.aborted).toBe(true);
    recovers.abandon();
  });
});
