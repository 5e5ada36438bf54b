import { createHash } from "node:crypto";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { runKace } from "../../provider/cli/program.ts";
import { TestAgent } from "../appliance/server/agent.ts";
import { startTestServer, type TestServer, until } from "../appliance/server/running.ts";

const TIMEOUT_MS = 240_000;

let server: TestServer;
let agent: TestAgent;
let script: string;

beforeEach(async () => {
  server = await startTestServer({ limits: { changesEveryMs: 50 } });
  const { value } = await server.appliance.createToken({ name: "t" });
  agent = await TestAgent.connect({ port: server.port, ca: server.ca });
  await agent.hello({ token: value, can: ["tasks"] });
  script = join(server.folder, "script.sh");
  await writeFile(script, "echo canary-7f3a\n");
}, TIMEOUT_MS);
afterEach(async () => {
  agent.socket.terminate();
  await server.remove();
}, TIMEOUT_MS);

/** Runs `kace` on the server's store, as somebody on its machine does. */
async function kace(...args: readonly string[]) {
  const [out, err]: [string[], string[]] = [[], []];
  const exitCode = await runKace(["--database", server.folder, ...args], {
    terminal: { out: (text) => void out.push(text), err: (text) => void err.push(text) },
    environment: {},
    signal: new AbortController().signal,
  });
  return { exitCode, out: out.join("\n"), err: err.join("\n") };
}

describe("the commands about tasks", { timeout: TIMEOUT_MS }, () => {
  it("run a script, wait for it, and print what it said", async () => {
    const running = kace("script", "run", script, "--machine", "web01", "--timeout", "90s", "--wait");
    const { id, ...task } = await agent.next("task");
    expect(task).toMatchObject({ taskType: "script", timeoutSeconds: 90, payload: { script: "echo canary-7f3a\n" } });
    agent.say({ type: "task-status", id, status: "completed", exitCode: 0, output: "canary-7f3a\n" });
    expect(await running).toEqual({ exitCode: 0, out: "web01: completed, exit code 0\ncanary-7f3a", err: "" });

    const failing = kace("script", "run", script, "--all", "--wait", "--json");
    const { id: second } = await agent.next("task");
    agent.say({ type: "task-status", id: second, status: "failed", note: "exit code 4", exitCode: 4 });
    const { exitCode, out } = await failing;
    expect(exitCode).toBe(3);
    expect(JSON.parse(out)).toMatchObject([{ machine: "web01", state: "failed", exitCode: 4 }]);
    expect((await kace("tasks", "show", String(second))).exitCode).toBe(3);
    expect(await kace("tasks", "show", String(id))).toMatchObject({ exitCode: 0, out: "canary-7f3a" });
  });

  it("print what came of a script on a machine while they wait for another one", async () => {
    const other = await TestAgent.connect({ port: server.port, ca: server.ca });
    const { value } = await server.appliance.createToken({ name: "second" });
    await other.hello({ token: value, can: ["tasks"], hostname: "web02" });
    const [out, interrupt]: [string[], AbortController] = [[], new AbortController()];
    const running = runKace(["--database", server.folder, "script", "run", script, "--all", "--wait"], {
      terminal: { out: (text) => void out.push(text), err: () => undefined },
      environment: {},
      signal: interrupt.signal,
    });
    await agent.next("task");
    const { id } = await other.next("task");
    other.say({ type: "task-status", id, status: "failed", note: "exit code 4", exitCode: 4, output: "no room\n" });
    await until("its result is there", async () => out.length > 1);
    expect(out).toEqual(["web02: failed, exit code 4", "no room"]);
    interrupt.abort();
    expect(await running).not.toBe(0);
    other.socket.terminate();
  });

  it("show what runs at first, other views and one order when asked, and call tasks back", async () => {
    await server.appliance.saveLabel({ name: "web", machines: ["web01"] });
    const { err } = await kace("script", "run", script, "--label", "web");
    const source = /--source (\S+)`/.exec(err)?.[1] ?? "";
    const { id } = await agent.next("task");
    expect(await kace("tasks", "list", "--type", "log-upload")).toEqual({
      exitCode: 0,
      out: "",
      err: "there are no such tasks",
    });
    agent.say({ type: "task-status", id, status: "started" });
    await until("it runs", async () => (await kace("tasks", "list")).out.includes(String(id)));
    const { out } = await kace("tasks", "list", "--machine", "web01");
    expect(out.split("\n")[0]).toMatch(
      /^MACHINE +TYPE +ID +STATE +STARTED +COMPLETED +NEXT RUN +RUNNING TIME +TIME-OUT +PRIORITY$/,
    );
    expect(out).toMatch(/\nweb01 +script +task-\w+ +running +\S+Z +- +- +[\d.]+s +3600s +50$/);
    expect(await kace("tasks", "cancel", "--source", source)).toMatchObject({
      exitCode: 0,
      err: "called back: 0 before they began, 1 that their agents are asked to end",
    });
    await agent.next("task-cancel");
    agent.say({ type: "task-status", id, status: "failed", note: "it was called back" });
    await agent.next("task-status-received");
    expect((await kace("tasks", "list", "--source", source)).out).toContain("cancelled (it was called back)");
    expect((await kace("tasks", "list", "--state", "cancelled")).out).toContain(String(id));
    // A view that is said holds for a state and a source too.
    const nothing = { exitCode: 0, err: "there are no such tasks" };
    expect(await kace("tasks", "list", "--view", "in-progress", "--source", source)).toMatchObject(nothing);
    expect(await kace("tasks", "list", "--view", "ready", "--state", "cancelled")).toMatchObject(nothing);
    expect((await kace("tasks", "list", "--view", "all", "--state", "cancelled")).out).toContain(String(id));
    expect(await kace("tasks", "cancel", String(id))).toMatchObject({ exitCode: 1 });
  });

  it("have agents bring their inventory and their own log", async () => {
    expect(await kace("tasks", "add", "log-upload", "--machine", "web01")).toMatchObject({
      exitCode: 0,
      err: expect.stringMatching(/^1 task is queued of source log-upload-/),
    });
    expect(await agent.next("task")).toMatchObject({ taskType: "log-upload", payload: {} });
  });

  it("show a text at machines as a task, which is among the others and says what became of it", async () => {
    const alert = ["tasks", "add", "alert", "--machine", "web01"];
    expect(await kace(...alert, "--text", "maintenance at six")).toMatchObject({
      exitCode: 0,
      err: expect.stringMatching(/^1 task is queued of source alert-/),
    });
    const { id, ...task } = await agent.next("task");
    expect(task).toMatchObject({ taskType: "alert", payload: { text: "maintenance at six" } });
    agent.say({ type: "task-status", id, status: "failed", note: "no terminal" });
    await agent.next("task-status-received");
    expect((await kace("tasks", "list", "--view", "all", "--type", "alert")).out).toContain("failed (no terminal)");
    expect(await kace("queue", "list")).toMatchObject({ err: "the queue is empty" });
    for (const [args, message] of [
      [alert, "kace: what is the alert to say?"],
      [[...alert, "--text", " "], "kace: --text: expected the text of the alert"],
      [["tasks", "add", "inventory", "--all", "--text", "x"], "kace: --text is what an alert says"],
    ] as const)
      expect(await kace(...args)).toMatchObject({ exitCode: 2, err: expect.stringContaining(message) });
    expect((await server.appliance.listTasks({})).tasks).toHaveLength(1);
  });

  it("order a script for later, have machines look for it, and show that it is kept", async () => {
    const { identity } = agent;
    agent = await TestAgent.connect({ port: server.port, ca: server.ca, identity });
    await agent.hello({ can: ["tasks", "scripting-update"] });
    const at = new Date(Date.now() + 7 * 86_400_000).toISOString();
    const { exitCode, err } = await kace("script", "run", script, "--machine", "web01", "--at", at, "--late", "0s");
    expect({ exitCode, err }).toEqual({ exitCode: 0, err: expect.stringContaining(`1 task is queued for ${at};`) });
    expect(await kace("script", "update", "--machine", "web01")).toMatchObject({
      exitCode: 0,
      err: expect.stringMatching(/^1 task is queued of source scripting-update-/),
    });
    const { payload } = await agent.next("task");
    expect(payload).toMatchObject({ scripts: [{ at, lateSeconds: 0, timeoutSeconds: 3_600 }] });
    const [task] = (await server.appliance.listTasks({ types: ["script"] })).tasks;
    agent.say({
      type: "scripts",
      held: createHash("sha256")
        .update(task?.id ?? "")
        .digest("hex"),
      look: false,
    });
    await until("it is shown to be kept", async () => {
      const { out } = await kace("tasks", "list", "--type", "script", "--view", "all");
      return out.includes("ready, kept by its agent") && out.includes(at);
    });
  });

  it.each<[string, readonly string[], string]>([
    ["a machine that is not there", ["script", "run", "SCRIPT", "--machine", "web99"], "no device web99"],
    ["a label that is not there", ["tasks", "add", "inventory", "--label", "none"], "there is no label none"],
    ["a file that is not there", ["script", "run", "none.sh", "--all"], "the script: there is no file none.sh"],
    ["a task to call back that is not there", ["tasks", "cancel", "task-none"], "there is no task task-none"],
    ["a source that is not there", ["tasks", "cancel", "--source", "none-1"], "there is no task of the source none-1"],
    ["a task that is not there", ["tasks", "show", "task-none"], "there is no task"],
  ])("say of %s what is wrong, and queue nothing", async (_what, args, message) => {
    const given = args.map((word) => (word === "SCRIPT" ? script : word));
    expect(await kace(...given)).toMatchObject({ exitCode: 2, err: expect.stringContaining(message) });
    expect((await server.appliance.listTasks({})).tasks).toEqual([]);
  });

  it("say which label or state nobody has, and queue nothing", async () => {
    for (const name of ["empty", "berlin wall"]) await server.appliance.saveLabel({ name, machines: ["nobodyyet"] });
    const one = "kace: no approved device has the label empty\n  `kace labels members empty` ";
    for (const words of [
      ["script", "run", script],
      ["tasks", "add", "inventory"],
    ])
      expect(await kace(...words, "--label", "empty")).toMatchObject({
        exitCode: 1,
        err: expect.stringContaining(one),
      });
    expect(await kace("script", "update", "--label", "empty", "berlin wall")).toMatchObject({
      exitCode: 1,
      err: expect.stringContaining("kace: no approved device has one of the labels empty, berlin wall\n"),
    });
    await server.appliance.setDeviceState({ kuid: agent.identity.kuid, state: "blocked" });
    expect(await kace("script", "run", script, "--all")).toMatchObject({
      exitCode: 1,
      err: expect.stringContaining("kace: no device is approved\n"),
    });
    expect((await server.appliance.listTasks({})).tasks).toEqual([]);
  });

  it("name the option whose time cannot be, as wrong usage", async () => {
    for (const [at, why] of [
      ["2020-01-01", "is past"],
      ["400d", "is more than 366 days ahead"],
    ] as const)
      expect(await kace("script", "run", script, "--all", "--at", at)).toMatchObject({
        exitCode: 2,
        err: expect.stringMatching(new RegExp(`^kace: --at: \\S+ ${why}: expected a time to come\n`)),
      });
    expect((await server.appliance.listTasks({})).tasks).toEqual([]);
  });

  it("say who is not connected, and that no server runs, and then wait no longer than the script does", async () => {
    agent.socket.terminate();
    await until("it is gone", async () => (await server.appliance.findDevices({})).devices[0]?.connected === false);
    expect((await kace("script", "run", script, "--machine", "web01")).err).toMatch(
      /^not connected: web01; the script waits for them until it expires\n1 task is queued/,
    );
    await server.server.stop();
    const { exitCode, out, err } = await kace(
      ...["--json", "script", "run", script, "--machine", "web01", "--expires", "1s", "--wait"],
    );
    expect(exitCode).toBe(3);
    expect(err).toMatch(/^no server of this appliance runs: start it with `kace serve`\nnot connected: web01;/);
    expect(JSON.parse(out)).toMatchObject([{ machine: "web01", state: "expired" }]);
  });

  it("refuse an empty script", async () => {
    await writeFile(script, "\n");
    const { exitCode, err } = await kace("script", "run", script, "--all");
    expect({ exitCode, err }).toEqual({ exitCode: 2, err: `kace: the script is empty: ${script}` });
  });

  it("refuse lengths of time and types that are none", async () => {
    expect((await kace("script", "run", script, "--all", "--timeout", "soon")).exitCode).toBe(2);
    expect((await kace("script", "run", script, "--all", "--at", "at noon")).exitCode).toBe(2);
    expect((await kace("script", "run", script, "--all", "--at", "1h", "--late", "31d")).exitCode).toBe(2);
    expect((await kace("tasks", "add", "self-update", "--all")).exitCode).toBe(2);
    expect((await kace("tasks", "list", "--view", "mine")).exitCode).toBe(2);
  });
});
