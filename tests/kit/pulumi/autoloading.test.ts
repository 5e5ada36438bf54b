import { execFileSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { expect, it } from "vitest";

const ROOT = new URL("../../../", import.meta.url);

/** The modules of Pulumi's library that a process has loaded after it ran some code. */
function loadedBy(code: string): string[] {
  const program = `
    import { createRequire } from "node:module";
    ${code}
    const { cache } = createRequire(import.meta.url);
    console.log(JSON.stringify(Object.keys(cache).map((file) => file.replaceAll("\\\\", "/")).filter((file) => file.includes("/@pulumi/pulumi/"))));`;
  const out = execFileSync(process.execPath, ["--input-type=module-typescript", "--eval", program], {
    cwd: fileURLToPath(ROOT),
    encoding: "utf8",
  });
  return JSON.parse(out);
}

it("a plugin loads Pulumi's messages at its start, and nothing of Pulumi's runtime", () => {
  const loaded = loadedBy(`await import("./provider/kace.ts"); await import("./provider/kit/pulumi/serve.ts");`);
  expect(loaded.length).toBeGreaterThan(0);
  expect(loaded.filter((file) => !file.includes("/proto/"))).toEqual([]);
});

it("the runtime is loaded for the first component", () => {
  const loaded = loadedBy(`await (await import("./provider/kit/pulumi/component-runtime.ts")).loadRuntime();`);
  expect(loaded.filter((file) => file.endsWith("/@pulumi/pulumi/index.js"))).toHaveLength(1);
});
