import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { OUTCOME_CLASSES } from "../../provider/appliance/operations/outcome-classes.ts";
import type { RolloutResult } from "../../provider/rollout/run.ts";
import { previewRollout, runRollout } from "../../provider/rollout/run.ts";
import { crowd, type Part, PlayedWorld } from "./played-world.ts";

async function play(world: PlayedWorld, limits = {}, signal?: AbortSignal): Promise<RolloutResult> {
  return await world.clock.play(runRollout(world.options(limits, signal)));
}

function codes(result: RolloutResult): Record<string, string> {
  return Object.fromEntries([...result.outcomes].map(([machine, { code }]) => [machine, code]));
}

describe("a rollout", () => {
  it("gives every target the outcome that its machine came to", async () => {
    const world = new PlayedWorld({
      new: {},
      right: { plan: "none" },
      old: { plan: "upgrade" },
      gone: { plan: "remove" },
      waiting: { plan: "blocked" },
      broken: { work: "fails" },
      off: { looks: ["silent"] },
      locked: { looks: [{ throws: "auth-failed" }] },
      "10.0.0.9": { looks: ["silent"], origin: "range" },
      buggy: { looks: [{ throws: "bug" }] },
    });
    const result = await play(world);
    expect(codes(result)).toEqual({
      new: "installed",
      right: "unchanged",
      old: "upgraded",
      gone: "removed",
      waiting: "quarantined",
      broken: "install-failed",
      off: "port-filtered",
      locked: "auth-failed",
      buggy: "internal",
    });
    expect(result.summary).toEqual({
      total: 10,
      succeeded: 2,
      unchanged: 1,
      removed: 1,
      absent: 1,
      unreachable: 1,
      failed: 4,
      notAttempted: 0,
      percentSucceeded: 44.4,
    });
    expect(result.stopped).toBeUndefined();
    expect(world.open).toBe(0);
  });

  it("says what a machine's own error says, and shows the stack of its own faults only to the debug log", async () => {
    const world = new PlayedWorld({ m1: { work: { throws: "bug" } } });
    const result = await play(world);
    expect(result.outcomes.get("m1")).toMatchObject({
      code: "internal",
      action: "install",
      message: "undefined is not a machine",
    });
    expect(world.events.filter((event) => event.kind === "fault")).toHaveLength(1);
  });

  it("keeps to both gates", async () => {
    const world = new PlayedWorld(crowd(60));
    await play(world, { maxHandshakes: 3, maxConcurrency: 7 });
    expect(world.mostShakingHands).toBe(3);
    expect(world.mostOpen).toBeLessThanOrEqual(7);
    expect(world.works.size).toBe(60);
  });

  it("takes shares of the targets for gates, and never less than one", async () => {
    const world = new PlayedWorld(crowd(20));
    await play(world, { maxHandshakes: "1%", maxConcurrency: "50%" });
    expect(world.mostShakingHands).toBe(1);
    expect(world.works.size).toBe(20);
  });

  it("journals every outcome once, with its log, and keeps the log out of what it holds", async () => {
    const world = new PlayedWorld({ ...crowd(30), bad: { work: "fails" } });
    const result = await play(world);
    expect(world.journal.map(({ machine }) => machine).sort()).toEqual([...result.outcomes.keys()].sort());
    expect(world.journal.find(({ machine }) => machine === "bad")?.log).toBe("E: broken");
    expect(result.outcomes.get("bad")?.log).toBeUndefined();
  });

  it("counts an endless number of absent addresses without keeping them", async () => {
    const world = new PlayedWorld({
      ...Object.fromEntries(
        Array.from({ length: 200 }, (_, index): [string, Part] => [
          `10.0.0.${index + 1}`,
          { looks: ["silent"], origin: "range" },
        ]),
      ),
      alive: {},
    });
    const result = await play(world);
    expect(result.summary).toMatchObject({ total: 201, absent: 200, succeeded: 1, percentSucceeded: 100 });
    expect([...result.outcomes.keys()]).toEqual(["alive"]);
    expect(world.journal.map(({ machine }) => machine)).toEqual(["alive"]);
  });

  it("calls a silent address of a range unreachable if a machine was seen there before", async () => {
    const world = new PlayedWorld({ "10.0.0.1": { looks: ["silent"], origin: "range" } });
    const previous = new Map([["10.0.0.1", { class: "succeeded", code: "installed" } as const]]);
    const result = await world.clock.play(runRollout({ ...world.options(), previous }));
    expect(codes(result)).toEqual({ "10.0.0.1": "port-filtered" });
  });

  it("looks first at those it is told to, and at each once", async () => {
    const world = new PlayedWorld(crowd(10));
    const first = world.targets.filter(({ key }) => key === "m9");
    const result = await world.clock.play(runRollout({ ...world.options({ maxConcurrency: 1 }), first }));
    const [started] = world.events;
    expect(started).toEqual({ kind: "started", machine: "m9" });
    expect(result.summary.total).toBe(10);
    expect(world.looks.get("m9")).toBe(1);
  });

  it("rejects a list of targets that is not as long as it was said to be", async () => {
    const world = new PlayedWorld(crowd(3));
    const run = runRollout({ ...world.options(), total: 4 });
    await expect(world.clock.play(run)).rejects.toThrow("4 targets");
  });

  it("passes on what broke off the list of targets, after what was begun has ended and been written down", async () => {
    const world = new PlayedWorld(crowd(3));
    function* targets() {
      yield* world.targets;
      throw new RangeError("the list is torn");
    }
    const run = runRollout({ ...world.options(), targets: targets() });
    await expect(world.clock.play(run)).rejects.toThrow("the list is torn");
    expect(world.journal).toHaveLength(3);
    expect(world.open).toBe(0);
  });
});

describe("a preview", () => {
  it("shows what would be done and does nothing", async () => {
    const world = new PlayedWorld({ new: {}, right: { plan: "none" }, off: { looks: ["silent"] } });
    const result = await world.clock.play(previewRollout(world.options({ maxUnreachable: 0, maxConcurrency: 1 })));
    expect(codes(result)).toEqual({ new: "planned", right: "unchanged", off: "port-filtered" });
    expect(result.outcomes.get("new")).toMatchObject({
      action: "install",
      class: "notAttempted",
      message: "it is asked for",
      version: "1.0.0",
    });
    expect(world.works.size).toBe(0);
    expect(world.journal).toEqual([]);
    expect(world.open).toBe(0);
  });

  it("is not stopped by budgets", async () => {
    const world = new PlayedWorld({ ...crowd(5, { looks: ["silent"] }), last: {} });
    const result = await world.clock.play(previewRollout(world.options({ maxUnreachable: 0, maxConcurrency: 1 })));
    expect(result.outcomes.get("last")?.code).toBe("planned");
    expect(result.stopped).toBeUndefined();
  });
});

const part: fc.Arbitrary<Part> = fc.record(
  {
    lookMs: fc.integer({ min: 0, max: 5_000 }),
    workMs: fc.integer({ min: 0, max: 50_000 }),
    identity: fc.constantFrom("a", "b", "c"),
    origin: fc.constantFrom("name" as const, "address" as const, "range" as const),
    plan: fc.constantFrom("install" as const, "none" as const, "remove" as const, "blocked" as const),
    work: fc.constantFrom("succeeds" as const, "fails" as const, "hangs" as const, "ignores" as const),
  },
  { requiredKeys: [] },
);

describe("whatever happens", () => {
  it("every target has one outcome and the counts add up", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(part, { minLength: 1, maxLength: 25 }),
        fc.array(
          fc.constantFrom<NonNullable<Part["looks"]>[number]>(
            "answers",
            "silent",
            { throws: "lost", transient: true },
            { throws: "auth-failed" },
            { throws: "bug" },
          ),
          { minLength: 1, maxLength: 4 },
        ),
        fc.record({
          maxHandshakes: fc.integer({ min: 1, max: 5 }),
          maxConcurrency: fc.integer({ min: 1, max: 10 }),
          maxFailures: fc.constantFrom<number | `${number}%`>(0, 2, "20%", "100%"),
          maxUnreachable: fc.constantFrom<number | `${number}%`>(0, 2, "20%", "100%"),
        }),
        fc.integer({ min: 0, max: 60_000 }),
        async (parts, looks, limits, cancelMs) => {
          const world = new PlayedWorld(
            Object.fromEntries(
              parts.map((given, index) => [
                `m${index}`,
                { ...given, looks: index % 2 === 0 ? looks : ["answers" as const] },
              ]),
            ),
          );
          const cancel = new AbortController();
          world.clock.after(cancelMs, () => cancel.abort());
          const { outcomes, summary } = await play(world, limits, cancel.signal);
          expect(OUTCOME_CLASSES.reduce((sum, name) => sum + summary[name], 0)).toBe(summary.total);
          expect(outcomes.size).toBe(summary.total - summary.absent);
          const ends = world.events.filter(({ kind }) => kind === "finished" || kind === "merged");
          expect(ends).toHaveLength(parts.length);
          for (const times of world.works.values()) expect(times).toBe(1);
          const written = new Map(world.journal.map((outcome) => [outcome.machine, outcome]));
          for (const [machine, { code, class: outcomeClass }] of outcomes) {
            expect(written.get(machine)).toMatchObject({ machine, code, class: outcomeClass });
          }
          expect(world.open).toBe(0);
        },
      ),
      { numRuns: 60 },
    );
  });
});
