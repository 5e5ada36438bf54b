import { describe, expect, it } from "vitest";
import { AnswerTime } from "../../../provider/rollout/ports/answer-time.ts";

function expected(timeoutMs: number, answersMs: readonly number[]): number {
  const time = new AnswerTime(timeoutMs);
  for (const elapsedMs of answersMs) time.observe(elapsedMs);
  return time.expectedMs;
}

const times = (count: number, elapsedMs: number) => new Array<number>(count).fill(elapsedMs);

describe("how soon an answer is expected", () => {
  it.each<[string, number, number[], number]>([
    ["is the time-out while nothing is known", 2_000, [], 2_000],
    ["is the time-out after a few answers only", 2_000, times(7, 1), 2_000],
    ["is never below 100 ms, however fast answers come", 2_000, times(50, 1), 100],
    ["is the time-out where answers take nearly as long as they may", 2_000, times(50, 1_500), 2_000],
    ["is never above the time-out", 50, times(50, 1), 50],
  ])("%s", (_what, timeoutMs, answersMs, expectedMs) => {
    expect(expected(timeoutMs, answersMs)).toBe(expectedMs);
  });

  it("leaves room for answers that come later than most", () => {
    const steady = expected(10_000, times(60, 200));
    const scattered = expected(
      10_000,
      times(60, 0).map((_, index) => (index % 2 === 0 ? 100 : 300)),
    );
    expect(steady).toBeGreaterThanOrEqual(200);
    expect(steady).toBeLessThan(250);
    expect(scattered).toBeGreaterThan(400);
    expect(scattered).toBeLessThan(1_000);
  });
});
