import { describe, expect, it } from "vitest";
import { type Column, tableOf } from "../../provider/cli/output.ts";

interface Row {
  readonly name: string;
  readonly count: number | undefined;
  readonly note: string;
}

const columns: readonly Column<Row>[] = [
  ["name", ({ name }) => name],
  ["count", ({ count }) => count],
  ["note", ({ note }) => note],
];

const rows: readonly Row[] = [
  { name: "web01", count: 7, note: "" },
  { name: "a-longer-name.corp.example", count: undefined, note: "cafe" },
];

describe("tables on the terminal", () => {
  it("are aligned by their longest cells, two blanks apart, with nothing after the last", () => {
    expect(tableOf(rows, columns).split("\n")).toEqual([
      "NAME                        COUNT  NOTE",
      "web01                       7",
      "a-longer-name.corp.example  -      cafe",
    ]);
    expect(tableOf([], columns)).toBe("NAME  COUNT  NOTE");
  });

  it("are the same whatever characters are in them", () => {
    const accented = rows.map((row) => ({ ...row, note: row.note.replace("cafe", "caf\u00e9") }));
    expect(tableOf(accented, columns).replace("caf\u00e9", "cafe")).toBe(tableOf(rows, columns));
    const wide = [{ name: "\u5317\u4eac", count: 1, note: "" }, ...rows];
    expect(tableOf(wide, columns).split("\n")[1]).toBe(`\u5317\u4eac${" ".repeat(24)}1`);
  });

  it("let no control character through", () => {
    expect(tableOf([{ name: "x\u001b[2J\n", count: 1, note: "" }], columns)).toContain("x\ufffd[2J\ufffd");
  });
});
