import { spawn } from "node:child_process";
import { once } from "node:events";
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { withLock } from "../../tools/cache/lock.ts";
import { run } from "../../tools/process/run.ts";
import { isAtLeast, versionIn } from "../../tools/process/version.ts";
import { hermeticEnvironment } from "../../tools/pulumi-cli/environment.ts";
import { obtainPulumi } from "../../tools/pulumi-cli/obtain.ts";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "kace-obtain-"));
});
afterEach(() => {
  rmSync(folder, { recursive: true, force: true });
});

/** A program that writes one line, as `pulumi version` does. */
function program(path: string, line: string): void {
  writeFileSync(path, `#!/bin/sh\necho "${line}"\n`);
  chmodSync(path, 0o755);
}

describe("the Pulumi CLI that is used", () => {
  let said: string[];
  const obtain = () =>
    obtainPulumi({
      say: (line) => said.push(line),
      environment: { PATH: `${join(folder, "bin")}:/usr/bin:/bin`, XDG_CACHE_HOME: join(folder, "cache") },
    });
  beforeEach(() => {
    said = [];
    mkdirSync(join(folder, "bin"));
    const cached = join(folder, "cache", "pulumi-kace", "pulumi", "versions", "3.259.0", "bin");
    mkdirSync(cached, { recursive: true });
    program(join(cached, "pulumi"), "v3.259.0");
    program(join(cached, "pulumi-language-yaml"), "");
  });

  test("is the one on the PATH when it is new enough and can run YAML programs", async () => {
    program(join(folder, "bin", "pulumi"), "v3.300.1");
    program(join(folder, "bin", "pulumi-language-yaml"), "");
    expect(await obtain()).toMatchObject({
      command: join(folder, "bin", "pulumi"),
      version: "3.300.1",
      origin: "path",
    });
  });

  test("is the one in the cache when that on the PATH is too old, which is said", async () => {
    program(join(folder, "bin", "pulumi"), "v3.258.9");
    program(join(folder, "bin", "pulumi-language-yaml"), "");
    expect(await obtain()).toMatchObject({ version: "3.259.0", origin: "cache" });
    expect(said.join()).toContain("is 3.258.9; at least 3.259.0 is needed");
  });

  test("is the one in the cache when that on the PATH has no YAML host", async () => {
    program(join(folder, "bin", "pulumi"), "v3.300.1");
    expect(await obtain()).toMatchObject({ origin: "cache" });
    expect(said.join()).toContain("has no pulumi-language-yaml");
  });

  test("runs without anything of the caller's Pulumi or KACE settings", () => {
    const env = hermeticEnvironment({
      command: "/opt/pulumi/bin/pulumi",
      home: "/h",
      backend: "/s",
      base: { PATH: "/bin", PULUMI_ACCESS_TOKEN: "t", PULUMI_BACKEND_URL: "https://x", KACE_ENDPOINT: "y", LANG: "C" },
    });
    expect(env).toMatchObject({ PATH: "/opt/pulumi/bin:/bin", PULUMI_BACKEND_URL: "file:///s", LANG: "C" });
    expect(Object.keys(env)).not.toContain("PULUMI_ACCESS_TOKEN");
    expect(Object.keys(env)).not.toContain("KACE_ENDPOINT");
  });
});

describe("a lock between processes", () => {
  test("is freed when its holder is killed", async () => {
    const lock = join(import.meta.dirname, "..", "..", "tools", "cache", "lock.ts");
    const hold = `import { withLock } from ${JSON.stringify(lock)};
      await withLock(${JSON.stringify(folder)}, "x", () => {}, async () => {
        console.log("held"); await new Promise((resolve) => setTimeout(resolve, 600_000));
      });`;
    const holder = spawn(process.execPath, ["--input-type=module", "-e", hold], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    await once(holder.stdout, "data");

    const events: string[] = [];
    const waiting = withLock(
      folder,
      "x",
      () => {
        events.push("waits");
        holder.kill("SIGKILL");
      },
      async () => events.push("works"),
    );
    await waiting;
    expect(events).toEqual(["waits", "works"]);
  });
});

describe("running a program", () => {
  test("kills what it started as well when it takes too long", async () => {
    // The sleeper holds the output open: that the run ends at all, long before it would, shows that it is gone.
    const ended = await run({ program: "sh", args: ["-c", "sleep 600 & wait"], timeoutMs: 500 });
    expect(ended).toMatchObject({ exitCode: null, failure: "took longer than 500 ms" });
  });

  test("that does not exist ends with a reason instead of an exception", async () => {
    expect(await run({ program: join(folder, "none"), args: [] })).toMatchObject({ exitCode: null });
  });
});

test("versions are compared part by part, as numbers", () => {
  expect(versionIn("go version go1.26.8 linux/amd64")).toEqual([1, 26, 8]);
  expect(versionIn("no version")).toBeUndefined();
  expect(isAtLeast([3, 300, 0], [3, 259, 0])).toBe(true);
  expect(isAtLeast([3, 259, 0], [3, 259, 0])).toBe(true);
  expect(isAtLeast([3, 258, 9], [3, 259, 0])).toBe(false);
  expect(isAtLeast([4, 0, 0], [3, 259, 0])).toBe(true);
});
