import { describe, expect, it } from "vitest";
import { ProviderError } from "../../provider/kit/define/errors.ts";
import { runRollout } from "../../provider/rollout/run.ts";
import { describeStop } from "../../provider/rollout/stop.ts";
import { verdictOn } from "../../provider/rollout/verdict.ts";
import { crowd, type Part, PlayedWorld } from "./played-world.ts";

const fails: Part = { work: "fails" };
const silent: Part = { looks: ["silent"] };

describe("budgets", () => {
  it.each([
    ["no failure is allowed: the first one stops it", fails, { maxFailures: 0 }, 1],
    ["two failures are allowed: the third one stops it", fails, { maxFailures: 2 }, 3],
    ["a tenth may fail: of 20 machines the third one stops it", fails, { maxFailures: "10%" }, 3],
    ["no unreachable machine is allowed: the first one stops it", silent, { maxUnreachable: 0 }, 1],
    ["a quarter may be unreachable: of 20 machines the sixth one stops it", silent, { maxUnreachable: "25%" }, 6],
    ["all may fail", fails, { maxFailures: "100%" }, 20],
  ] as const)("%s", async (_title, part, limits, wrong) => {
    const world = new PlayedWorld(crowd(20, part));
    const budgets = { maxFailures: "100%" as const, maxUnreachable: "100%" as const, ...limits };
    const result = await world.clock.play(runRollout(world.options({ ...budgets, maxConcurrency: 1 })));
    expect(result.summary.failed + result.summary.unreachable).toBe(wrong);
    expect(result.summary.notAttempted).toBe(20 - wrong);
    expect(world.looks.size).toBe(wrong);
    expect(verdictOn(result, budgets).ok).toBe(wrong === 20);
  });

  it("leave absent addresses out of a share", async () => {
    const range = Object.fromEntries(
      Array.from({ length: 90 }, (_, index): [string, Part] => [`10.0.0.${index}`, { ...silent, origin: "range" }]),
    );
    const world = new PlayedWorld({ ...range, ...crowd(10, fails) });
    const result = await world.clock.play(runRollout(world.options({ maxFailures: "20%", maxConcurrency: 1 })));
    expect(result.summary).toMatchObject({ absent: 90, failed: 3, notAttempted: 7 });
  });

  it("let machines in flight end, begin nothing new on them, and say why", async () => {
    const world = new PlayedWorld({
      quick: { work: "fails", workMs: 10 },
      slow: { workMs: 60_000 },
      looking: { lookMs: 30_000 },
      next: {},
    });
    const result = await world.clock.play(runRollout(world.options({ maxFailures: 0, maxConcurrency: 3 })));
    expect(result.outcomes.get("slow")).toMatchObject({ code: "installed" });
    expect(result.outcomes.get("looking")).toMatchObject({
      code: "not-attempted",
      action: "install",
      message: "1 machine failed and 0 may (`maxFailures`)",
    });
    expect(result.outcomes.get("next")).toMatchObject({ code: "not-attempted", action: "none" });
    expect([...world.looks.keys()]).not.toContain("next");
    expect(result.stopped).toEqual({ kind: "failures", count: 1, allowed: 0 });
  });
});

describe("a cancelled rollout", () => {
  it("begins nothing, ends looks at once, and lets work finish within the time of grace", async () => {
    const world = new PlayedWorld({ working: { workMs: 15_000 }, looking: { lookMs: 60_000 }, next: {} });
    const cancel = new AbortController();
    world.clock.after(1_000, () => cancel.abort());
    const result = await world.clock.play(runRollout(world.options({ maxConcurrency: 2 }, cancel.signal)));
    expect(result.outcomes.get("working")?.code).toBe("installed");
    expect(result.outcomes.get("looking")).toMatchObject({ code: "cancelled", class: "notAttempted" });
    expect(result.outcomes.get("next")).toMatchObject({ code: "not-attempted", message: "the run was cancelled" });
    expect(result.stopped?.kind).toBe("cancelled");
    expect(world.clock.nowMs()).toBeLessThan(20_000);
  });

  it("loses work that goes on after 20 s, whether it lets itself be stopped or not", async () => {
    const world = new PlayedWorld({ hanging: { work: "hangs" }, deaf: { work: "ignores" } });
    const cancel = new AbortController();
    world.clock.after(1_000, () => cancel.abort());
    const result = await world.clock.play(runRollout(world.options({}, cancel.signal)));
    expect(result.outcomes.get("hanging")).toMatchObject({ code: "lost", action: "install", class: "failed" });
    expect(result.outcomes.get("deaf")).toMatchObject({ code: "lost", action: "install", class: "failed" });
    expect(world.clock.nowMs()).toBe(26_000);
  });

  it("loses work in flight at once when it is cancelled twice", async () => {
    const world = new PlayedWorld({ hanging: { work: "hangs" } });
    const cancel = new AbortController();
    const abort = new AbortController();
    world.clock.after(1_000, () => cancel.abort());
    world.clock.after(2_000, () => abort.abort());
    const options = { ...world.options({}, cancel.signal), abortSignal: abort.signal };
    const result = await world.clock.play(runRollout(options));
    expect(result.outcomes.get("hanging")?.code).toBe("lost");
    expect(world.clock.nowMs()).toBe(2_000);
  });

  it("says the reason that it was given", async () => {
    const world = new PlayedWorld(crowd(3));
    const signal = AbortSignal.abort(new ProviderError({ code: "timeout", message: "the update took longer than 5m" }));
    const result = await world.clock.play(runRollout(world.options({}, signal)));
    expect(result.summary.notAttempted).toBe(3);
    expect(result.outcomes.get("m1")?.message).toBe("the update took longer than 5m");
    expect(world.looks.size).toBe(0);
  });

  it("does not wait for machines that wait for another attempt", async () => {
    const world = new PlayedWorld({ flaky: { looks: [{ throws: "connect-timeout", transient: true }] } });
    const cancel = new AbortController();
    world.clock.after(100, () => cancel.abort());
    const options = { ...world.options({}, cancel.signal), retry: { attempts: 9, baseMs: 60_000, capMs: 60_000 } };
    const result = await world.clock.play(runRollout(options));
    expect(result.outcomes.get("flaky")?.code).toBe("cancelled");
    expect(world.clock.nowMs()).toBe(100);
  });
});

describe("a deadline", () => {
  it("begins no machine after it and finishes those that were begun", async () => {
    const world = new PlayedWorld({ first: { workMs: 90_000 }, second: {} });
    const result = await world.clock.play(runRollout(world.options({ maxConcurrency: 1, deadlineMs: 60_000 })));
    expect(result.outcomes.get("first")?.code).toBe("installed");
    expect(result.outcomes.get("second")).toMatchObject({
      code: "not-attempted",
      message: "the deadline of 60 s has passed",
    });
  });
});

describe("a journal that cannot be written", () => {
  const full = new Error("no space left on the disk");

  it("stops the run cleanly and is the reason of it", async () => {
    const world = new PlayedWorld(crowd(50, { workMs: 3_000 }));
    const journal = () => Promise.reject(full);
    const result = await world.clock.play(runRollout({ ...world.options({ maxConcurrency: 2 }), journal }));
    expect(result.stopped).toEqual({ kind: "journal", error: full });
    expect(result.stopped && describeStop(result.stopped)).toContain("no space left on the disk");
    expect(result.summary.succeeded).toBeGreaterThan(0);
    expect(result.summary.succeeded).toBeLessThan(10);
    expect(result.summary.succeeded + result.summary.notAttempted).toBe(50);
    expect(verdictOn(result, { maxFailures: 0, maxUnreachable: 0 }).ok).toBe(false);
  });

  it("is written at the end if that works again, without a gap", async () => {
    const world = new PlayedWorld(crowd(20, { workMs: 3_000 }));
    const { journal } = world.options();
    let writes = 0;
    const result = await world.clock.play(
      runRollout({
        ...world.options({ maxConcurrency: 2 }),
        journal: (outcomes) => (writes++ === 0 ? Promise.reject(full) : journal(outcomes)),
      }),
    );
    expect(result.stopped?.kind).toBe("journal");
    expect(world.journal).toHaveLength(20);
  });
});

describe("the journal", () => {
  it("is written within a second of what happened, while the run goes on", async () => {
    const world = new PlayedWorld({ quick: { workMs: 10 }, slow: { workMs: 600_000 } });
    const writtenAtMs: number[] = [];
    const journal = async () => {
      writtenAtMs.push(world.clock.nowMs());
    };
    await world.clock.play(runRollout({ ...world.options(), journal }));
    expect(writtenAtMs).toEqual([1_020, 600_010]);
  });

  it("holds the run up where it is slow, instead of filling the memory", async () => {
    const world = new PlayedWorld(crowd(3_000, { plan: "none", lookMs: 0 }));
    let waiting = 0;
    let most = 0;
    await world.clock.play(
      runRollout({
        ...world.options({ maxConcurrency: 10, maxHandshakes: 10 }),
        onEvent: (event) => {
          if (event.kind === "finished") most = Math.max(most, ++waiting);
        },
        journal: async (outcomes) => {
          await world.clock.sleep(10_000);
          waiting -= outcomes.length;
        },
      }),
    );
    expect(waiting).toBe(0);
    expect(most).toBeLessThan(1_000);
  });
});
