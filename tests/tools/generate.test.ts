import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { compareTrees, readTree, writeTree } from "../../tools/generate/tree.ts";

describe("the check that generated files are current", () => {
  const wanted = new Map([
    ["schema/schema.json", "{}\n"],
    ["sdk/nodejs/token.ts", "new\n"],
  ]);
  const folders = ["schema", "sdk"];
  let root: string;
  beforeEach(() => {
    root = mkdtempSync(join(tmpdir(), "kace-generate-"));
    mkdirSync(join(root, "sdk", "nodejs", "node_modules"), { recursive: true });
    writeFileSync(join(root, "sdk", "nodejs", "token.ts"), "old\n");
    writeFileSync(join(root, "sdk", "nodejs", "gone.ts"), "gone\n");
    writeFileSync(join(root, "sdk", "nodejs", "node_modules", "left-by-a-build.js"), "");
    writeFileSync(join(root, "elsewhere.ts"), "");
  });
  afterEach(() => {
    rmSync(root, { recursive: true, force: true });
  });

  test("names what is missing, what is stale and what nothing generates any more", async () => {
    expect(compareTrees(wanted, await readTree(root, folders))).toEqual({
      missing: ["schema/schema.json"],
      stale: ["sdk/nodejs/token.ts"],
      extra: ["sdk/nodejs/gone.ts"],
    });
  });

  test("finds nothing once they are written", async () => {
    await writeTree(root, folders, wanted);
    expect(compareTrees(wanted, await readTree(root, folders))).toEqual({ missing: [], stale: [], extra: [] });
    expect([...(await readTree(root, ["."])).keys()]).toContain("./elsewhere.ts");
  });
});
