import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import ssh2 from "ssh2";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { makeEd25519 } from "../../examples/lab/host-keys.ts";
import { bundle, minimumNode } from "../../tools/build/bundle.ts";
import { run } from "../../tools/process/run.ts";
import { describe as describeAnswer } from "../conformance/answer.ts";
import * as calls from "../conformance/calls.ts";
import { newTarget, Subject } from "../conformance/subject.ts";

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

  test("reaches machines over SSH: what that needs is in the bundle", async () => {
    const { Server } = ssh2;
    const server = new Server({ hostKeys: [makeEd25519().privateKey] }, (client) => {
      client.on("authentication", (attempt) => attempt.reject(["password"]));
      client.on("error", () => client.end()); // the plugin hangs up once it is refused
    });
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    const subject = await Subject.open({
      name: "the plugin that is built",
      command: [join(folder, "dist", "pulumi-resource-kace")],
      env: { ...env, KACE_DATABASE: join(folder, "database") },
    });
    const plugin = await subject.start();
    try {
      const target = newTarget("kace:index:ProvisioningConfig");
      const address = server.address();
      if (address === null || typeof address === "string") throw new Error("the server has no port");
      const news = {
        state: "removed",
        targets: { ips: ["127.0.0.1"] },
        linux: { port: address.port, password: "wrong", hostKeys: { policy: "insecure" } },
      };
      const checked = await calls.check(plugin, target, { news });
      if (!checked.ok) throw new Error(describeAnswer(checked));
      const created = await calls.create(plugin, target, { inputs: checked.response.inputs });
      if (created.ok) throw new Error("a wrong password was accepted");
      expect(describeAnswer(created)).toContain("[auth-failed] 127.0.0.1");
    } finally {
      await plugin.kill();
      server.close();
    }
  });

  test("brings the command line along", async () => {
    const kace = (...args: string[]) =>
      run({ program: join(folder, "dist", "kace"), args, env: { ...env, KACE_DATABASE: join(folder, "appliance") } });
    expect(await kace("orgs", "create", "berlin")).toMatchObject({ exitCode: 0 });
    const ended = await kace("tokens", "list");
    expect(ended).toMatchObject({ exitCode: 0, output: "there is no token: an `AgentToken` makes one" });
  });

  test("prints a unit that runs the command line, not the plugin", async () => {
    const printed = await run({ program: join(folder, "dist", "kace"), args: ["serve", "--print-unit"], env });
    const [node = "", ...rest] = printed.output.match(/^ExecStart=(.*) --database /m)?.[1]?.split(" ") ?? [];
    const ended = await run({ program: node, args: [...rest, "--help"], env });
    expect(ended.output).toMatch(/^Usage: kace /);
  });

  test("says so where there is no Node at all", async () => {
    const program = join(folder, "dist", "pulumi-resource-kace");
    const ended = await run({ program: "/bin/sh", args: [program], env: { ...env, PATH: "/nowhere" } });
    expect(ended.exitCode).toBe(1);
    expect(ended.output).toBe("pulumi-resource-kace runs on Node.js, and there is no `node` on the PATH.");
  });
});
