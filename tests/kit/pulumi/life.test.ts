import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { mkdtemp } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, describe, expect, it } from "vitest";
import { thisProcess, watchParent } from "../../../provider/kit/pulumi/life.ts";

const PROVIDER = fileURLToPath(new URL("../../../examples/new-resource/provider.ts", import.meta.url));

const started: ChildProcess[] = [];
afterEach(() => {
  for (const child of started.splice(0)) child.kill("SIGKILL");
});

/** Starts a plugin and waits until it has printed a line. */
async function start(args: readonly string[], options: { cwd?: string; program?: readonly string[] } = {}) {
  const [command = process.execPath, ...before] = options.program ?? [process.execPath, PROVIDER];
  const child = spawn(command, [...before, ...args], { cwd: options.cwd, stdio: ["ignore", "pipe", "pipe"] });
  started.push(child);
  const text = { out: "", err: "" };
  child.stderr.on("data", (data: Buffer) => (text.err += data));
  await new Promise<void>((resolve, reject) => {
    child.stdout.on("data", (data: Buffer) => {
      text.out += data;
      if (text.out.includes("\n")) resolve();
    });
    child.on("exit", () => reject(new Error(`the plugin ended: ${text.err}`)));
  });
  return { child, text, exit: once(child, "exit") };
}

async function untilGone(pid: number): Promise<boolean> {
  for (let tries = 0; tries < 200; tries++) {
    if (!thisProcess.isAlive(pid)) return true;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  return false;
}

describe("a plugin", () => {
  it.each([
    [[]],
    [["127.0.0.1:1"]],
    [["--logtostderr", "-v=9", "--tracing", "file:trace", "127.0.0.1:1", "surplus"]],
    [["--flag-that-nobody-knows", "127.0.0.1:1"]],
  ])("started with %j prints its port and nothing else", async (args) => {
    const { text } = await start(args);
    expect(text.out).toMatch(/^\d+\n$/);
  });

  it("runs in any folder", async () => {
    const { text } = await start([], { cwd: await mkdtemp(join(tmpdir(), "elsewhere-")) });
    expect(text.out).toMatch(/^\d+\n$/);
  });

  it.each(["SIGINT", "SIGTERM"] as const)("ends cleanly on %s", async (signal) => {
    const { child, exit } = await start([]);
    child.kill(signal);
    expect(await exit).toEqual([0, null]);
  });

  it("does not outlive the process that started it, even if that is killed", async () => {
    const parent = `const c = require("node:child_process").spawn(process.execPath, [${JSON.stringify(PROVIDER)}], { stdio: ["ignore", "pipe", "inherit"] });
      c.stdout.once("data", () => console.log(c.pid)); setInterval(() => {}, 1000);`;
    const { child, text } = await start([], { program: [process.execPath, "-e", parent] });
    const pid = Number(text.out);
    expect(thisProcess.isAlive(pid)).toBe(true);
    child.kill("SIGKILL");
    expect(await untilGone(pid)).toBe(true);
  });

  it("started with --attach says how to use it, outlives nobody's word and prints its port", async () => {
    const { text } = await start(["--attach"]);
    expect(text.out).toMatch(/^\d+\n$/);
    expect(text.err).toBe(`Waiting for an engine. Run: PULUMI_DEBUG_PROVIDERS=notebook:${text.out.trim()} pulumi up\n`);
  });

  it("started by a person in a terminal says in one sentence what it is", () => {
    const { stdout, status } = spawnSync(
      "script",
      ["--quiet", "--return", "--command", `${process.execPath} ${PROVIDER}`, "/dev/null"],
      // `script` runs the command by the user's shell, which may be one that runs nothing.
      { encoding: "utf8", env: { ...process.env, SHELL: "/bin/sh" } },
    );
    expect(stdout.trim().split("\n")).toEqual([
      "This is the Notebook plugin (0.1.0) for Pulumi: `pulumi up` starts it by itself; to debug it, start it with --attach.",
    ]);
    expect(status).toBe(2);
  });
});

describe("the watch of the parent", () => {
  it.each([
    ["another parent took its place, as on POSIX", { ppid: () => 1, isAlive: () => true }],
    ["the parent's process is gone, as on Windows", { ppid: () => 77, isAlive: () => false }],
  ])("tells once when %s", async (_, after) => {
    let surroundings = { ppid: () => 77, isAlive: (_pid: number) => true };
    let told = 0;
    const watch = watchParent(() => told++, {
      ppid: () => surroundings.ppid(),
      isAlive: (pid) => surroundings.isAlive(pid),
    });
    await new Promise((resolve) => setTimeout(resolve, 600));
    expect(told).toBe(0);
    surroundings = after;
    await expect.poll(() => told, { timeout: 30_000 }).toBe(1);
    watch.stop();
  });
});
