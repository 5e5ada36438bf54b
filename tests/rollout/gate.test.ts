import { describe, expect, it } from "vitest";
import { Gate } from "../../provider/rollout/gate.ts";

describe("a gate", () => {
  it("lets through as many as it may, in the order they came", async () => {
    const gate = new Gate(2);
    const began: number[] = [];
    const ends: (() => void)[] = [];
    const all = [1, 2, 3, 4].map((name) =>
      gate.pass(async () => {
        began.push(name);
        await new Promise<void>((resolve) => ends.push(resolve));
      }),
    );
    expect(began).toEqual([1, 2]);
    ends[1]?.();
    await all[1];
    await Promise.resolve();
    expect(began).toEqual([1, 2, 3]);
    ends[0]?.();
    await all[0];
    ends[2]?.();
    await all[2];
    ends[3]?.();
    await Promise.all(all);
    expect(began).toEqual([1, 2, 3, 4]);
  });

  it("gives a place back that work left by failing", async () => {
    const gate = new Gate(1);
    await expect(gate.pass(() => Promise.reject(new Error("broken")))).rejects.toThrow("broken");
    await expect(gate.pass(async () => "through")).resolves.toBe("through");
  });

  it.each([0, -1, 1.5, Number.NaN])("for %d is refused", (limit) => {
    expect(() => new Gate(limit)).toThrow(RangeError);
  });

  it("keeps a place for whoever entered until it is given back, once", async () => {
    const gate = new Gate(1);
    const leave = await gate.enter();
    const began: string[] = [];
    const waiting = gate.pass(async () => void began.push("passed"));
    await Promise.resolve();
    expect(began).toEqual([]);
    leave();
    await waiting;
    expect(began).toEqual(["passed"]);
    await gate.enter();
  });
});
