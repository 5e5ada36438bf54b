import { existsSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { REPOSITORY, textOf } from "./pages.ts";

interface Row {
  readonly feature: string;
  readonly proof: string;
}

const rows: Row[] = [...textOf("docs/coverage.md").matchAll(/^\| ([AB]\d+) \|.*\| (.+) \|$/gm)].map(
  ([, feature = "", proof = ""]) => ({ feature, proof }),
);

/** A file of tests, and the titles of those in it that prove a row. */
const PROOF = /`(tests\/[^`]+)`((?:,? "[^"]+")*)/g;

function proofsOf({ proof }: Row) {
  return [...proof.matchAll(PROOF)].map(([, file = "", titles = ""]) => ({
    file,
    titles: [...titles.matchAll(/"([^"]+)"/g)].map(([, title = ""]) => title),
  }));
}

describe("docs/coverage.md", () => {
  it("has every feature once", () => {
    const expected = [
      ...Array.from({ length: 30 }, (_, index) => `A${index + 1}`),
      ...Array.from({ length: 14 }, (_, index) => `B${index + 1}`),
    ];
    expect(rows.map(({ feature }) => feature)).toEqual(expected);
  });

  it.each(rows)("says of $feature that it is done, done in part or not built yet", (row) => {
    expect(row.proof).toMatch(/^(done|in part|not built yet$)/);
    if (row.proof.startsWith("done")) expect(proofsOf(row), "the tests that prove it").not.toEqual([]);
  });

  it.each(rows.filter((row) => proofsOf(row).length > 0))("names tests for $feature that there are", (row) => {
    for (const { file, titles } of proofsOf(row)) {
      expect(existsSync(join(REPOSITORY, file)), file).toBe(true);
      const text = textOf(file);
      expect(titles.filter((title) => !text.includes(title))).toEqual([]);
    }
  });
});
