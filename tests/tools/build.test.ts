import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { bundle, minimumNode } from "../../tools/build/bundle.ts";
import { run } from "../../tools/process/run.ts";

describe("the plugin that is built", () => {
  let folder: string;
  let env: NodeJS.ProcessEnv;
  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), "kace-build-"));
    env = { PATH: `${join(process.execPath, "..")}:/usr/bin:/bin`, HOME: folder };
    await bundle(join(folder, "dist"));
  });
  afterAll(() => {
    rmSync(folder, { recursive: true, force: true });
  });

  test("prints its port, started from any folder and through a symbolic link", async () => {
    symlinkSync("dist/pulumi-resource-kace", join(folder, "link"));
    const plugin = spawn(join(folder, "link"), ["127.0.0.1:1"], {
      cwd: "/",
      env,
      stdio: ["ignore", "pipe", "inherit"],
    });
    try {
      const [line] = await once(plugin.stdout, "data");
      expect(String(line)).toMatch(/^\d+\n$/);
    } finally {
      plugin.kill("SIGKILL");
    }
  });

  test("says in one sentence which Node it needs, on one that is too old", async () => {
    const start = join(folder, "dist", "start.cjs");
    const old = `Object.defineProperty(process.versions, "node", { value: "20.20.2" }); require(${JSON.stringify(start)});`;
    const ended = await run({ program: process.execPath, args: ["-e", old], env, timeoutMs: 20_000 });
    expect(ended.exitCode).toBe(1);
    expect(ended.output).toBe(`pulumi-resource-kace needs Node.js ${minimumNode()} or newer; this is 20.20.2.`);
  });

  test("says so where there is no Node at all", async () => {
    const program = join(folder, "dist", "pulumi-resource-kace");
    const ended = await run({ program: "/bin/sh", args: [program], env: { ...env, PATH: "/nowhere" } });
    expect(ended.exitCode).toBe(1);
    expect(ended.output).toBe("pulumi-resource-kace runs on Node.js, and there is no `node` on the PATH.");
  });
});
