import { describe, expect, it } from "vitest";
import { StepLog } from "../../provider/rollout/step-log.ts";

describe("the log of a machine's steps", () => {
  it("is nothing where nothing was said", () => {
    expect(new StepLog().text()).toBeUndefined();
  });

  it("is every line where they are few", () => {
    const log = new StepLog();
    for (const line of ["one", "", "two"]) log.add(line);
    expect(log.text()).toBe("one\n\ntwo");
  });

  it.each([
    { heard: ["one", "two"], last: ["one", "two"], all: "one\ntwo" },
    { heard: ["one", "two"], last: ["two", "three"], all: "one\ntwo\nthree" },
    { heard: [], last: ["one"], all: "one" },
    { heard: ["one"], last: [], all: "one" },
    { heard: ["one"], last: ["two", "one"], all: "one\ntwo\none" },
  ])("says $heard and then the last lines $last without repeating what was heard", ({ heard, last, all }) => {
    const log = new StepLog();
    for (const line of heard) log.add(line);
    log.addLast(last);
    expect(log.text()).toBe(all);
  });

  it("is the beginning and the end where they are many, and says how many are missing", () => {
    const log = new StepLog();
    for (let line = 0; line < 100_000; line++) log.add(`line ${line}`);
    const text = log.text() ?? "";
    expect(text.length).toBeLessThan(65_536);
    const lines = text.split("\n");
    expect(lines[0]).toBe("line 0");
    expect(lines.at(-1)).toBe("line 99999");
    const gap = lines.findIndex((line) => line.endsWith("lines left out]"));
    expect(lines.length - 1 + Number(/\d+/.exec(lines[gap] ?? "")?.[0])).toBe(100_000);
  });
});
