import { createServer, type Socket } from "node:net";
import { expect, it, onTestFinished } from "vitest";
import { runKace } from "../../provider/cli/program.ts";
import { Project } from "../e2e/project.ts";
import { KACE } from "./kace-plugin.ts";

const ADDRESSES = ["127.0.0.1", "127.0.0.2", "127.0.0.3", "127.0.0.4"] as const;

/** SSH servers that take a connection and say nothing until they are told to hang up. */
async function heldMachines() {
  const held = new Set<Socket>();
  let hangsUp = false;
  const listen = (host: string, port: number) =>
    new Promise<number>((resolve, reject) => {
      const server = createServer((socket) => {
        if (hangsUp) socket.destroy();
        else held.add(socket.on("error", () => undefined));
      });
      onTestFinished(() => void server.close());
      server.once("error", reject).listen(port, host, () => {
        const address = server.address();
        resolve(typeof address === "object" && address !== null ? address.port : port);
      });
    });
  const port = await listen(ADDRESSES[0], 0);
  for (const address of ADDRESSES.slice(1)) await listen(address, port);
  const hangUp = () => {
    hangsUp = true;
    for (const socket of held) socket.destroy();
  };
  onTestFinished(hangUp);
  return { port, hangUp };
}

it("lists say how many machines a run works on just now, and that nobody does when it has ended", {
  timeout: 600_000,
}, async () => {
  const { port, hangUp } = await heldMachines();
  const fleet = {
    type: "kace:ProvisioningConfig",
    properties: {
      name: "fleet",
      state: "removed",
      targets: { ips: ADDRESSES },
      linux: { password: { "fn::secret": "correct-horse" }, port },
      rollout: { maxConcurrency: 2, maxUnreachable: "100%", maxFailures: "100%", attempts: 1 },
    },
  };
  const project = await Project.yaml({ resources: { fleet } }, { plugin: KACE, secrets: ["correct-horse"] });
  async function kace(...args: readonly string[]): Promise<string> {
    const out: string[] = [];
    const terminal = { out: (text: string) => void out.push(text), err: (text: string) => void out.push(text) };
    const world = { terminal, environment: process.env, signal: new AbortController().signal };
    const exitCode = await runKace(["--database", project.world, ...args], world);
    expect(exitCode, out.join("\n")).toBe(0);
    return out.join("\n");
  }
  const counts = async () => {
    const [listed] = JSON.parse(await kace("config", "list", "--json"));
    const { total, inFlight, notAttempted, running } = listed?.lastRun ?? {};
    return { total, inFlight, notAttempted, running };
  };

  const run = await project.start(["up", "--yes", "--skip-preview"]);
  const timing = { timeout: 120_000, interval: 200 };
  await expect
    .poll(async () => /ProvisioningConfig fleet creating/.test(run.output()), { ...timing, message: "it runs" })
    .toBe(true);
  await expect.poll(counts, timing).toEqual({ total: 4, inFlight: 2, notAttempted: 2, running: true });
  const [head = "", row = ""] = (await kace("config", "list")).split("\n");
  expect(head).toMatch(/TOTAL +RUNNING +NOT STARTED +OK +FAILED +% OK/);
  expect(row).toMatch(/ 4 +2 +2 +0 +0 +0 +running /);
  expect(await kace("config", "show", "fleet")).toMatch(/^running +2$/m);

  hangUp();
  const { exitCode, output } = await run.ended;
  expect(exitCode, output).toBe(0);
  expect(await counts()).toEqual({ total: 4, inFlight: 0, notAttempted: 0, running: false });
});
