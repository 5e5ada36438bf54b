import { describe, expect, it } from "vitest";
import { limit } from "../../provider/rollout/scalars.ts";

describe("a time limit", () => {
  it.each([["1ms"], ["10s"], ["24d"], ["576h"]])("may be %s", (text) => {
    expect(limit().safeParse(text).success).toBe(true);
  });

  it.each([
    ["0s", "expected more than no time at all"],
    ["24.1d", "expected no more than 24d"],
    ["30d", "expected no more than 24d"],
    ["2147483648ms", "expected no more than 24d"],
    ["soon", "expected a duration"],
  ])("is not %s: no timer waits so long, or so short", (text, reason) => {
    expect(limit().safeParse(text).error?.issues).toMatchObject([{ message: expect.stringContaining(reason) }]);
  });
});
