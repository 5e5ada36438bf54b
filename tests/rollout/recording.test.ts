import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Input } from "../../provider/appliance/appliance.ts";
import { MAX_LOG_BYTES } from "../../provider/appliance/operations/outcome-words.ts";
import { outcomeOperations } from "../../provider/appliance/operations/outcomes.ts";
import { Heartbeat } from "../../provider/rollout/heartbeat.ts";
import { journalOf, recorded, withoutMiddle } from "../../provider/rollout/recording.ts";
import { outcome } from "./outcomes.ts";

const input = outcomeOperations.recordOutcomes.input;

describe("the journal in the appliance", () => {
  it("takes whatever a machine says, however long it is", () => {
    const long = "é".repeat(100_000);
    const one = outcome(long, "install-failed", { message: long, hint: long, name: long, version: long, server: long });
    const row = recorded({ ...one, log: long });
    expect(input.safeParse({ runId: "run-1", outcomes: [row] }).error).toBeUndefined();
    expect(row.log?.startsWith("éé")).toBe(true);
    expect(row.log?.endsWith("éé")).toBe(true);
  });

  it("takes an outcome with nothing but what every one has", () => {
    expect(input.safeParse({ runId: "run-1", outcomes: [recorded(outcome("web01", "absent"))] }).success).toBe(true);
  });

  it("is written a thousand at a time, each of them", async () => {
    const calls: Input<"recordOutcomes">[] = [];
    const store = { recordOutcomes: async (call: Input<"recordOutcomes">) => calls.push(call) };
    const many = Array.from({ length: 2_500 }, (_, index) => outcome(`m${index}`, "not-attempted"));
    await journalOf(store, "run-7", new Heartbeat())(many);
    expect(calls.map(({ runId, outcomes }) => [runId, outcomes.length])).toEqual([
      ["run-7", 1_000],
      ["run-7", 1_000],
      ["run-7", 500],
    ]);
  });
});

describe("a text without its middle", () => {
  it("is the text where it is short enough", () => {
    expect(withoutMiddle("short", 100)).toBe("short");
  });

  it("is never longer than asked for, whatever letters it has", () => {
    fc.assert(
      fc.property(fc.string({ unit: "grapheme", minLength: 1_000, maxLength: 3_000 }), (text) => {
        expect(Buffer.byteLength(withoutMiddle(text, 500))).toBeLessThanOrEqual(Math.max(500, 0));
      }),
    );
    expect(MAX_LOG_BYTES).toBe(65_536);
  });
});
