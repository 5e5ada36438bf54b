import { describe, expect, it } from "vitest";
import { Progress } from "../../provider/rollout/progress.ts";
import { runRollout } from "../../provider/rollout/run.ts";
import { outcome } from "./outcomes.ts";
import { crowd, PlayedWorld } from "./played-world.ts";

describe("the line of progress", () => {
  it("says how many are done, in flight and waiting, and which machine it is waiting for", () => {
    const progress = new Progress(400);
    expect(progress.line(0)).toBe("0 of 400 done, 0 in flight, 400 waiting");
    progress.see({ kind: "started", machine: "web07" }, 1_000);
    progress.see({ kind: "started", machine: "web08" }, 2_000);
    expect(progress.line(3_000)).toBe("0 of 400 done, 2 in flight, 398 waiting; web07 for 2 s (looking)");
    progress.see({ kind: "acting", machine: "web07", action: "install", reason: "no agent" }, 3_000);
    progress.see({ kind: "finished", outcome: outcome("web08", "auth-failed") }, 4_000);
    expect(progress.line(43_000)).toBe(
      "1 of 400 done, 1 not right, 1 in flight, 398 waiting; web07 for 42 s (install)",
    );
    progress.see({ kind: "stopping", stop: { kind: "cancelled", reason: "the run was cancelled" } }, 44_000);
    expect(progress.line(44_000)).toContain("398 not begun");
    progress.see({ kind: "finished", outcome: outcome("web07", "installed") }, 45_000);
    expect(progress.line(45_000)).toBe("2 of 400 done, 1 not right, 0 in flight, 398 not begun");
  });

  it("says that a machine waits for another attempt", () => {
    const progress = new Progress(1);
    progress.see({ kind: "started", machine: "web01" }, 0);
    progress.see({ kind: "retrying", machine: "web01", code: "lost", attempt: 1, delayMs: 500 }, 0);
    expect(progress.line(0)).toContain("web01 for 0 s (waiting to try again)");
  });

  it("ends with all done, also where targets are one machine", async () => {
    const world = new PlayedWorld({
      ...crowd(20),
      twin: { identity: "x", lookMs: 900 },
      other: { identity: "x" },
      "10.0.0.1": { origin: "range", looks: ["silent"] },
    });
    const progress = new Progress(23);
    const onEvent = (event: Parameters<Progress["see"]>[0]) => progress.see(event, world.clock.nowMs());
    await world.clock.play(runRollout({ ...world.options(), onEvent }));
    expect(progress.line(world.clock.nowMs())).toBe("23 of 23 done, 0 in flight, 0 waiting");
  });
});
