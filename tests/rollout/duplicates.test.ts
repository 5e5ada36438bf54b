import { describe, expect, it } from "vitest";
import { runRollout } from "../../provider/rollout/run.ts";
import { crowd, type Part, PlayedWorld } from "./played-world.ts";

const same = (part: Part = {}): Part => ({ identity: "one machine", ...part });

describe("two targets that are one machine", () => {
  it("are worked on once and counted once, under the one that comes first", async () => {
    const world = new PlayedWorld({ web01: same(), "10.0.0.1": same({ origin: "address" }), other: {} });
    const { outcomes, summary } = await world.clock.play(runRollout(world.options({ maxConcurrency: 1 })));
    expect([...outcomes.keys()].sort()).toEqual(["other", "web01"]);
    expect(summary).toMatchObject({ total: 2, succeeded: 2 });
    expect(world.works).toEqual(
      new Map([
        ["web01", 1],
        ["other", 1],
      ]),
    );
    expect(world.journal.find(({ machine }) => machine === "10.0.0.1")).toMatchObject({
      code: "same-machine",
      class: "absent",
      message: "this is the same machine as web01, where it is counted",
    });
    expect(world.open).toBe(0);
  });

  it.each([
    ["while the first is worked on", { lookMs: 500 }, { workMs: 60_000 }],
    ["after the first has ended", { lookMs: 60_000 }, { workMs: 10 }],
  ])("are filed under the earlier one also if it is seen later, %s", async (_title, earlier, later) => {
    const world = new PlayedWorld({ web01: same(earlier), "10.0.0.1": same({ origin: "address", ...later }) });
    const { outcomes, summary } = await world.clock.play(runRollout(world.options()));
    expect([...outcomes.keys()]).toEqual(["web01"]);
    expect(outcomes.get("web01")).toMatchObject({
      machine: "web01",
      target: "10.0.0.1",
      code: "installed",
      sameAs: ["10.0.0.1"],
    });
    expect(summary.total).toBe(1);
    const written = new Map(world.journal.map((outcome) => [outcome.machine, outcome.code]));
    expect(written).toEqual(
      new Map([
        ["10.0.0.1", "same-machine"],
        ["web01", "installed"],
      ]),
    );
    expect([...world.works.values()]).toEqual([1]);
  });

  it("are filed where they are recorded already", async () => {
    const world = new PlayedWorld({ web01: same(), "10.0.0.1": same({ origin: "address" }) });
    const previous = new Map([["10.0.0.1", { class: "succeeded", code: "installed" } as const]]);
    const { outcomes } = await world.clock.play(runRollout({ ...world.options(), previous }));
    expect([...outcomes.keys()]).toEqual(["10.0.0.1"]);
  });

  it("may be many, in any order of answers", async () => {
    const parts = Array.from({ length: 12 }, (_, index): [string, Part] => [
      `m${index}`,
      same({ lookMs: 100 + ((index * 7) % 12) * 50, workMs: 300 }),
    ]);
    const world = new PlayedWorld(Object.fromEntries(parts));
    const { outcomes, summary } = await world.clock.play(
      runRollout(world.options({ maxConcurrency: 12, maxHandshakes: 12 })),
    );
    expect([...outcomes.keys()]).toEqual(["m0"]);
    expect(outcomes.get("m0")?.sameAs?.toSorted()).toEqual(
      parts
        .map(([key]) => key)
        .filter((key) => key !== "m0")
        .sort(),
    );
    expect(summary).toMatchObject({ total: 1, succeeded: 1 });
    const written = new Map(world.journal.map((outcome) => [outcome.machine, outcome.code]));
    expect(written.size).toBe(12);
    expect([...written.values()].filter((code) => code === "same-machine")).toHaveLength(11);
  });

  it("are two machines where nothing says that they are one", async () => {
    const world = new PlayedWorld(crowd(2));
    const { summary } = await world.clock.play(runRollout(world.options()));
    expect(summary.total).toBe(2);
  });
});
