import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { authoritiesIn } from "../../provider/agent/agent.ts";
import { AUTHORITY_CERTIFICATE_FILE } from "../../provider/appliance/certificates/authority.ts";
import { openLocal } from "../../provider/appliance/local/local.ts";
import { serveAppliance } from "../../provider/cli/serve.ts";
import { goBinary } from "../../tools/agent-packages/binary.ts";
import { REFERENCE_AGENT } from "../../tools/agent-packages/reference.ts";
import { cacheFolder } from "../../tools/cache/folder.ts";

const EVENTUALLY = { timeout: 240_000, interval: 200 };

test("a real agent goes over to the next authority of a real server, and comes back by that alone", {
  timeout: 900_000,
}, async () => {
  const root = await mkdtemp(join(tmpdir(), "kace-authority-"));
  onTestFinished(() => rm(root, { recursive: true, force: true }));
  const architecture = process.arch === "arm64" ? "arm64" : "amd64";
  const program = await goBinary(
    REFERENCE_AGENT,
    { version: "1.4.2", architecture, cache: join(cacheFolder(), "agent-packages") },
    () => undefined,
  );

  const folder = join(root, "appliance");
  const stop = new AbortController();
  const listening = Promise.withResolvers<number>();
  const served = serveAppliance({
    folder,
    host: "127.0.0.1",
    port: 0,
    name: "localhost",
    signal: stop.signal,
    log: () => undefined,
    now: Date.now,
    onListening: ({ port }) => listening.resolve(port),
  });
  served.catch(listening.reject);
  const port = await listening.promise;
  onTestFinished(() => {
    stop.abort();
    return served;
  });
  const appliance = await openLocal({ folder, who: "the test" });
  onTestFinished(() => appliance.close());
  const ca = await readFile(join(folder, "certificates", AUTHORITY_CERTIFICATE_FILE), "utf8");
  const { value: token } = await appliance.createToken({ name: "agents" });

  const machine = join(root, "machine");
  const agent = (...args: readonly string[]) =>
    spawn(program, [...args, "--root", machine], { stdio: ["pipe", "ignore", "ignore"] });
  const configure = agent("configure");
  configure.stdin.end(JSON.stringify({ server: `localhost:${port}`, token, ca }));
  expect(await once(configure, "exit")).toEqual([0, null]);
  const run = () => {
    const running = agent("run");
    onTestFinished(() => end(running));
    return running;
  };
  const trusted = async () => authoritiesIn(await readFile(join(machine, "etc/kace-reference/ca.pem"), "utf8"));
  const device = async () => {
    const [found] = (await appliance.findDevices({})).devices;
    return { connected: found?.connected, trusts: found?.trusts };
  };

  const running = run();
  const [first = ""] = authoritiesIn(ca);
  await expect.poll(device, EVENTUALLY).toEqual({ connected: true, trusts: [first] });
  await appliance.renewAuthority({});
  await expect.poll(trusted, EVENTUALLY).toHaveLength(2);
  const [, second = ""] = await trusted();
  await expect.poll(device, EVENTUALLY).toEqual({ connected: true, trusts: [first, second] });
  await appliance.finishAuthority({});
  await expect.poll(trusted, EVENTUALLY).toEqual([second]);
  await end(running);
  run();
  await expect.poll(device, EVENTUALLY).toEqual({ connected: true, trusts: [second] });
});

async function end(running: ChildProcess): Promise<void> {
  if (running.exitCode !== null || running.signalCode !== null) return;
  running.kill("SIGTERM");
  await once(running, "exit");
}
