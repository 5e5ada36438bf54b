import { describe, expect, it } from "vitest";
import { logIn } from "../../provider/cli/log-format.ts";

const NOW = Date.parse("2027-03-01T08:00:00Z");

describe("the log of kace serve", () => {
  it("is lines for people as they are, without every call", () => {
    const lines: string[] = [];
    const { log, onCall } = logIn(
      "text",
      (line) => lines.push(line),
      () => NOW,
    );
    log("stopped");
    expect(lines).toEqual(["stopped"]);
    expect(onCall).toBeUndefined();
  });

  it("is one JSON object a line for programs, whatever a line holds, with every call", () => {
    const lines: string[] = [];
    const { log, onCall } = logIn(
      "json",
      (line) => lines.push(line),
      () => NOW,
    );
    log('two\nlines, and a "quote"');
    onCall?.({ operation: "listTokens", who: "ci-7", address: "10.0.0.7", result: "ok" });
    expect(lines.every((line) => !line.includes("\n"))).toBe(true);
    const time = "2027-03-01T08:00:00.000Z";
    expect(lines.map((line) => JSON.parse(line))).toEqual([
      { time, event: "message", message: 'two\nlines, and a "quote"' },
      { time, event: "call", operation: "listTokens", who: "ci-7", address: "10.0.0.7", result: "ok" },
    ]);
  });
});
