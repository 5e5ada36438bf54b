import { describe, expect, it } from "vitest";
import { previewTable, resultTable, timeText } from "../../provider/rollout/table.ts";
import { outcome } from "./outcomes.ts";

const plain = { colour: false };
const ESCAPE = String.fromCharCode(27);

describe("the table of results", () => {
  it("has a line for each machine, in the order of their names", async () => {
    const table = await resultTable(
      [
        outcome("web10", "auth-failed", { address: "10.0.0.10" }),
        outcome("web2", "installed", { action: "install", platform: "linux", version: "1.4.2", connected: true }),
        outcome("10.0.0.9", "absent"),
      ],
      plain,
    );
    const lines = table.split("\n").filter((line) => /│/.test(line));
    expect(
      lines.map((line) =>
        line
          .split("│")
          .map((cell) => cell.trim())
          .slice(1, -1),
      ),
    ).toEqual([
      ["machine", "platform", "action", "result", "version", "connected", "time"],
      ["web2", "linux", "install", "installed", "1.4.2", "yes", "1.2 s"],
      ["web10 (10.0.0.10)", "", "none", "auth-failed", "", "", "1.2 s"],
    ]);
  });

  it("has colours only where they are asked for", async () => {
    const outcomes = [outcome("web1", "installed")];
    expect(await resultTable(outcomes, plain)).not.toContain(ESCAPE);
    expect(await resultTable(outcomes, { colour: true })).toContain(ESCAPE);
  });

  it("obeys no machine that says what a terminal would obey", async () => {
    const table = await resultTable([outcome("web1", "installed", { version: `1.0${ESCAPE}[2J` })], plain);
    expect(table).not.toContain(ESCAPE);
  });

  it("shows of very many those that are not right before the others", async () => {
    const outcomes = Array.from({ length: 300 }, (_, index) =>
      outcome(`m${index}`, index % 100 === 99 ? "disk-full" : "installed"),
    );
    const table = await resultTable(outcomes, { colour: false, maxRows: 10 });
    expect(table.match(/disk-full/g)).toHaveLength(3);
    expect(table.match(/installed/g)).toHaveLength(7);
    expect(table).toContain("and 290 more");
  });
});

describe("the table of a preview", () => {
  it("says what would be done, and why", async () => {
    const table = await previewTable(
      [
        outcome("web1", "planned", { action: "install", message: "no agent is installed" }),
        outcome("web2", "unchanged", { message: "already right" }),
        outcome("web3", "quarantined", { message: "the agent waits\nin quarantine" }),
      ],
      plain,
    );
    const lines = table.split("\n").filter((line) => /│/.test(line));
    expect(
      lines.map((line) =>
        line
          .split("│")
          .map((cell) => cell.trim())
          .slice(1, -1),
      ),
    ).toEqual([
      ["machine", "platform", "action", "why"],
      ["web1", "", "install", "no agent is installed"],
      ["web2", "", "none", "already right"],
      ["web3", "", "quarantined", "the agent waits; in quarantine"],
    ]);
  });
});

it.each([
  [0, "0.0 s"],
  [1_234, "1.2 s"],
  [59_949, "59.9 s"],
  [95_000, "1 min 35 s"],
  [3_600_000, "60 min 0 s"],
])("%i ms are shown as %s", (durationMs, text) => {
  expect(timeText(durationMs)).toBe(text);
});
