import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import * as z from "zod";
import { whyNoLab } from "../../examples/lab/lab.ts";
import { DEFAULT_AGENT_SETTINGS } from "../../provider/appliance/operations/settings.ts";
import { EVENTUALLY } from "./machine-facts.ts";
import { Site } from "./site.ts";

// A task ends when it ends, on a busy machine a little later; nothing here is about how long that takes.
vi.setConfig({ testTimeout: 900_000, hookTimeout: 900_000 });

const task = z.object({
  id: z.string(),
  type: z.string(),
  state: z.string(),
  exitCode: z.int().optional(),
  note: z.string().optional(),
  output: z.string().optional(),
  heldSince: z.string().optional(),
});

const queued = z.object({ sourceId: z.string(), tasks: z.array(z.object({ id: z.string() })).length(1) });

describe.skipIf(whyNoLab() !== undefined)("tasks and a real agent", () => {
  let site: Site;
  let folder: string;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "kace-tasks-"));
    site = await Site.up({ prefix: "tasks", hosts: [{ name: "web01", kind: "systemd" }] });
    await site.write(site.program({ fleet: site.configuration({ targets: { ips: site.addresses() } }) }));
    await site.up();
  });

  afterAll(async () => {
    await site?.down();
    await rm(folder, { recursive: true, force: true });
  });

  const json = (output: string): unknown => JSON.parse(output);

  async function script(text: string, ...args: readonly string[]) {
    const file = join(folder, "script.sh");
    await writeFile(file, text);
    return site.kace(["--json", "script", "run", file, "--all", ...args]);
  }

  /** Queues a script that goes on until a file is there; gives the task's id once it runs. */
  async function endless(until: string): Promise<string> {
    const { exitCode, output } = await script(`while [ ! -e ${until} ]; do sleep 1; done; echo survived\n`);
    expect(exitCode, output).toBe(0);
    const id = queued.parse(json(output)).tasks[0]?.id ?? "";
    await expect.poll(async () => (await shown(id)).state, EVENTUALLY).toBe("running");
    return id;
  }

  async function shown(id: string): Promise<z.output<typeof task>> {
    return task.parse(json((await site.kace(["--json", "tasks", "show", id])).output));
  }

  async function processOfAgent(): Promise<string> {
    return (
      await site.host("web01").run(["systemctl", "show", "--value", "--property=MainPID", "kace-reference-agent"])
    ).trim();
  }

  test("who is logged in there reads the splash text when a script begins, once in a while", async () => {
    const wall = "#!/bin/sh\\ncat >> /run/wall-said\\n";
    await site
      .host("web01")
      .run(["sh", "-c", `printf '${wall}' > /usr/local/bin/wall && chmod 755 /usr/local/bin/wall`]);
    try {
      for (const _twice of [1, 2]) expect((await script("true\n", "--wait")).exitCode).toBe(0);
      expect(await site.host("web01").run(["cat", "/run/wall-said"])).toBe(`${DEFAULT_AGENT_SETTINGS.splashText}\n`);
    } finally {
      await site.host("web01").run(["rm", "/usr/local/bin/wall"]);
    }
  });

  test("a script runs on it as root, and its words and its exit code come back", async () => {
    const { exitCode, output } = await script('echo "$(id -un) on $(uname -n)"; exit 3\n', "--wait");
    expect(exitCode).toBe(3);
    const [ran] = z.array(task).parse(json(output));
    const name = (await site.host("web01").run(["uname", "-n"])).trim();
    expect(ran).toMatchObject({ state: "failed", exitCode: 3, note: "exit code 3", output: `root on ${name}\n` });
  });

  test("a script whose time is up is ended with all that it started", async () => {
    const { exitCode, output } = await script("sleep 7331 & echo begun; sleep 7331\n", "--wait", "--timeout", "3s");
    expect(exitCode).toBe(3);
    expect(z.array(task).parse(json(output))).toMatchObject([{ state: "timed-out", output: "begun\n" }]);
    expect((await site.host("web01").exec(["pgrep", "-f", "sleep 7331"])).stdout).toBe("");
  });

  test("a server that is killed loses neither what runs nor what waits", async () => {
    const running = await endless("/run/go-on");
    const waiting = await script("echo waited\n");
    const second = queued.parse(json(waiting.output)).tasks[0]?.id ?? "";
    await site.killServer();
    await site.host("web01").run(["touch", "/run/go-on"]);
    await site.startServer();
    await expect.poll(() => shown(running), EVENTUALLY).toMatchObject({ state: "completed", output: "survived\n" });
    await expect.poll(() => shown(second), EVENTUALLY).toMatchObject({ state: "completed", output: "waited\n" });
  });

  test("a script for later runs at its time though no server is there, and not again when its agent starts anew", async () => {
    const { exitCode, output } = await script("echo run >> /run/ran-later; echo by itself\n", "--at", "45s");
    expect(exitCode, output).toBe(0);
    const id = queued.parse(json(output)).tasks[0]?.id ?? "";
    // On a busy machine its time may have come before anybody looked; the rest holds all the same.
    await expect
      .poll(async () => {
        const { heldSince, state } = await shown(id);
        return heldSince !== undefined || state !== "ready";
      }, EVENTUALLY)
      .toBe(true);
    await site.killServer();
    const ran = async () => (await site.host("web01").exec(["cat", "/run/ran-later"])).stdout;
    await expect.poll(ran, EVENTUALLY).toBe("run\n");
    await site.host("web01").run(["systemctl", "restart", "kace-reference-agent"]);
    await site.startServer();
    await expect.poll(async () => (await shown(id)).state, EVENTUALLY).not.toBe("ready");
    await expect.poll(async () => (await shown(id)).state, EVENTUALLY).not.toBe("running");
    expect(await ran()).toBe("run\n");
    expect(await site.host("web01").run(["ls", "/var/lib/kace-reference/scripts"])).toBe("");
  });

  test("an agent that crashes says so: of the task that it cut off, and why it crashed", async () => {
    const cut = await endless("/run/never");
    await site.host("web01").run(["kill", "-ABRT", await processOfAgent()]);
    await expect
      .poll(() => shown(cut), EVENTUALLY)
      .toMatchObject({ state: "failed", note: "the agent ended while it ran" });
    const crashes = async () => {
      const { output } = await site.kace(["--json", "tasks", "list", "--view", "all", "--type", "crash-upload"]);
      return z.array(task).parse(json(output));
    };
    await expect.poll(async () => (await crashes()).length, EVENTUALLY).toBe(1);
    const [crash] = await crashes();
    expect((await shown(crash?.id ?? "")).output).toContain("SIGABRT");
  });

  test("it brings its inventory and its log when it is asked to", async () => {
    for (const [type, said] of [
      ["inventory", undefined],
      ["log-upload", expect.stringContaining("connected")],
    ] as const) {
      const { output } = await site.kace(["--json", "tasks", "add", type, "--all"]);
      const id = queued.parse(json(output)).tasks[0]?.id ?? "";
      await expect.poll(async () => (await shown(id)).state, EVENTUALLY).toBe("completed");
      expect((await shown(id)).output).toEqual(said);
    }
  });
});
