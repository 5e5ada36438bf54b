import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { extract } from "tar";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { whyNoLab } from "../../examples/lab/lab.ts";
import { agentPackages } from "../../tools/agent-packages/build.ts";
import { findOnPath } from "../../tools/process/path.ts";
import { run } from "../../tools/process/run.ts";
import { startTestServer, type TestServer } from "../appliance/server/running.ts";

vi.setConfig({ testTimeout: 300_000, hookTimeout: 900_000 });

/*
 * The agent for 64-bit ARM, the very file of its package, on an emulated processor (QEMU's user mode): there is no host
 * of that kind. What only a machine of its own shows, its service and its package's scripts, is the same text for both.
 */

const EMULATOR = findOnPath("qemu-aarch64") ?? "qemu-aarch64";

describe.skipIf(whyNoLab() !== undefined)("the agent for arm64, emulated", () => {
  let root: string;
  let server: TestServer;
  let agent: ChildProcess | undefined;

  beforeAll(async () => {
    root = await mkdtemp(join(tmpdir(), "kace-arm64-"));
    const [built] = await agentPackages({ version: "1.4.2", architectures: ["arm64"], formats: ["tar.gz"] });
    if (built === undefined) throw new Error("no package was built");
    await extract({ file: built.path, cwd: root });
    server = await startTestServer();
  });

  afterAll(async () => {
    if (agent !== undefined && agent.exitCode === null) {
      const ended = once(agent, "exit");
      agent.kill("SIGTERM");
      await ended;
    }
    await server?.remove();
    await rm(root, { recursive: true, force: true });
  });

  const program = () => join(root, "opt/kace-reference/bin/kace-agent");
  const kaceAgent = async (...args: readonly string[]) => {
    const { exitCode, stdout, output } = await run({ program: EMULATOR, args: [program(), ...args, "--root", root] });
    expect(exitCode, output).toBe(0);
    return stdout;
  };

  test("enrols with its token, stays connected and brings its inventory", async () => {
    const { appliance, port, ca } = server;
    const { value: token } = await appliance.createToken({ name: "arm" });
    const [tokenFile, caFile] = [join(root, "token"), join(root, "ca.pem")];
    await writeFile(tokenFile, token, { mode: 0o600 });
    await writeFile(caFile, ca);
    await kaceAgent("configure", "--server", `localhost:${port}`, "--token-file", tokenFile, "--ca-file", caFile);
    agent = spawn(EMULATOR, [program(), "run", "--root", root], { stdio: "ignore" });
    await kaceAgent("wait", "--timeout", "120s", "--state", "approved");
    const [device] = (await appliance.findDevices({})).devices;
    expect(device).toMatchObject({
      state: "approved",
      connected: true,
      agentVersion: "1.4.2",
      os: { platform: "linux", architecture: "arm64" },
    });
    await kaceAgent("check-in");
    await expect
      .poll(async () => (await appliance.findDevices({ inventories: true })).devices[0]?.inventory, { timeout: 60_000 })
      .toMatchObject({ agentVersion: "1.4.2", os: { architecture: "arm64" } });
    expect(JSON.parse(await kaceAgent("status", "--json"))).toMatchObject({ connected: true });
  });
});
