import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { expect, it } from "vitest";
import { readJournal } from "../fixture/backend.ts";
import { FIXTURE_PLUGIN, Project } from "./project.ts";

const PLUGIN = join(FIXTURE_PLUGIN, "pulumi-resource-fixture");

const program = { resources: { note: { type: "fixture:Note", properties: { text: "hi" } } } };

it("a plugin that a person starts in a terminal says in one sentence what it is, and ends", () => {
  const run = spawnSync("script", ["--quiet", "--return", "--command", PLUGIN, "/dev/null"], {
    encoding: "utf8",
    // `script` runs the command by the user's shell, which may be one that runs nothing.
    env: { ...process.env, SHELL: "/bin/sh" },
  });
  expect(run.stdout.trim().split("\n")).toEqual([
    "This is the Fixture plugin (0.1.0) for Pulumi: `pulumi up` starts it by itself; to debug it, start it with --attach.",
  ]);
  expect(run.status).toBe(2);
});

it("a plugin that is started with --attach serves one engine after the other", async () => {
  const { world } = await Project.empty();
  const plugin = spawn(PLUGIN, ["--attach"], {
    env: { ...process.env, FIXTURE_BACKEND: world },
    stdio: ["ignore", "ignore", "pipe"],
  });
  let said = "";
  plugin.stderr.setEncoding("utf8").on("data", (text: string) => (said += text));
  await expect.poll(() => said, { timeout: 60_000 }).toContain("Waiting for an engine. Run: PULUMI_DEBUG_PROVIDERS=");
  const [, debugged = ""] = /PULUMI_DEBUG_PROVIDERS=(fixture:\d+) pulumi up\n/.exec(said) ?? [];

  const project = await Project.yaml(program, {
    environment: { FIXTURE_BACKEND: world, PULUMI_DEBUG_PROVIDERS: debugged },
  });
  await project.up();
  await project.expectSettled();
  // Each engine cancels at its end. That is nothing to the next: this creation heeds its signal.
  const slow = { type: "fixture:Faulty", properties: { behaviour: "slow" } };
  await project.write({ resources: { ...program.resources, slow } });
  await project.up();
  const effects = (await readJournal(world)).filter(({ kind }) => kind !== "read");
  expect(effects).toMatchObject([
    { kind: "create", pid: plugin.pid },
    { kind: "create", pid: plugin.pid },
  ]);

  plugin.kill("SIGINT");
  expect(await once(plugin, "exit")).toEqual([0, null]);
});

it("a plugin that a Node too old runs says which Node it needs", async () => {
  // The nearest to an old Node that every machine has: the present one, which says that it is old.
  const pretend = 'Object.defineProperty(process, "versions", { value: { ...process.versions, node: "20.1.0" } })';
  const environment = { NODE_OPTIONS: `--import=data:text/javascript,${encodeURIComponent(pretend)}` };
  const project = await Project.yaml(program, { environment });
  expect(await project.fail(["preview"])).toContain("Node 22.18 or newer is needed; this is 20.1.0.");
});
