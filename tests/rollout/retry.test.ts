import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { MachineError } from "../../provider/machines/machine.ts";
import { retryDelayMs } from "../../provider/rollout/retry.ts";
import { runRollout } from "../../provider/rollout/run.ts";
import { PlayedWorld } from "./played-world.ts";

const cut = new MachineError({ code: "lost", message: "cut", transient: true });
const policy = { attempts: 5, baseMs: 1_000, capMs: 5_000 };

describe("the wait before another attempt", () => {
  it.each([
    [1, 0.999, 999],
    [2, 0.5, 1_000],
    [3, 0.5, 2_000],
    [4, 0.5, 2_500],
  ])("after %i attempts with the number %d is %d ms", (attempt, random, delayMs) => {
    expect(retryDelayMs(cut, attempt, policy, random)).toBeCloseTo(delayMs);
  });

  it.each([
    ["the attempts are used up", cut, 5],
    ["a password was rejected", new MachineError({ code: "auth-failed", message: "" }), 1],
    ["a host key has changed", new MachineError({ code: "host-key-changed", message: "" }), 1],
    ["the program is at fault", new TypeError("bug"), 1],
  ])("is none if %s", (_title, fault, attempt) => {
    expect(retryDelayMs(fault, attempt, policy, 0.5)).toBeUndefined();
  });

  it("is never negative nor longer than the cap", () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 60 }), fc.double({ min: 0, max: 1, noNaN: true }), (attempt, random) => {
        const delayMs = retryDelayMs(cut, attempt, { ...policy, attempts: 100 }, random);
        expect(delayMs).toBeGreaterThanOrEqual(0);
        expect(delayMs).toBeLessThanOrEqual(policy.capMs);
      }),
    );
  });
});

describe("a machine", () => {
  it("is looked at again after faults of the transport", async () => {
    const fault = { throws: "connect-timeout", transient: true } as const;
    const world = new PlayedWorld({ flaky: { looks: [fault, fault, "answers"], lookMs: 10 } });
    const { outcomes } = await world.clock.play(runRollout(world.options()));
    expect(outcomes.get("flaky")?.code).toBe("installed");
    expect(world.lookedAtMs.get("flaky")).toEqual([0, 510, 1_520]);
    expect(world.events.filter(({ kind }) => kind === "retrying")).toHaveLength(2);
  });

  it("has the code of its last fault when the attempts are used up", async () => {
    const world = new PlayedWorld({ off: { looks: [{ throws: "connect-timeout", transient: true }] } });
    const { outcomes } = await world.clock.play(runRollout(world.options()));
    expect(outcomes.get("off")).toMatchObject({ code: "connect-timeout", class: "unreachable" });
    expect(world.looks.get("off")).toBe(3);
  });

  it("is asked once where its log-in is refused", async () => {
    const world = new PlayedWorld({ locked: { looks: [{ throws: "auth-failed" }] } });
    await world.clock.play(runRollout(world.options()));
    expect(world.looks.get("locked")).toBe(1);
  });
});
