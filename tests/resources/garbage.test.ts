import { setTimeout as pause } from "node:timers/promises";
import { runInNewContext } from "node:vm";
import { expect, test } from "vitest";
import { collectGarbage } from "../../provider/resources/provisioning/garbage.ts";

test("garbage is collected when it is asked for, and nothing else gets the means to do so", async () => {
  const kept = new WeakRef({ name: "nobody's" });
  // What was looked at in a turn lives until its end.
  await pause(1);
  collectGarbage();
  expect(kept.deref()).toBeUndefined();
  expect(runInNewContext("typeof gc")).toBe("undefined");
});
