import { type ChildProcess, spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, it, onTestFinished } from "vitest";
import { openLocal } from "../../../provider/appliance/local/local.ts";
import { type AgentIdentity, newIdentity, TestAgent } from "./agent.ts";
import { until } from "./running.ts";

const KACE = fileURLToPath(new URL("../../../bin/kace", import.meta.url));
const MACHINES = 10;
/** After so many orders that agents have taken in all, the server is killed. */
const KILLED_AFTER = [1, 3, 4, 8] as const;

/** A server in a process of its own that is killed and started again, always on the same port. */
class Served {
  readonly #folder: string;
  readonly #port: number;
  #child: ChildProcess | undefined;

  constructor(folder: string, port: number) {
    this.#folder = folder;
    this.#port = port;
  }

  async start(): Promise<void> {
    const args = ["--database", this.#folder, "serve", "--host", "127.0.0.1", "--port", String(this.#port)];
    const child = spawn(KACE, [...args, "--name", "localhost"], {
      env: { PATH: process.env.PATH, HOME: this.#folder },
      stdio: ["ignore", "ignore", "pipe"],
    });
    this.#child = child;
    let said = "";
    child.stderr.setEncoding("utf8").on("data", (text: string) => (said += text));
    const appliance = await openLocal({ folder: this.#folder });
    try {
      await until("the server runs", async () => {
        if (child.exitCode !== null) throw new Error(`the server ended: ${said}`);
        return (await appliance.serverStatus({})).running;
      });
    } finally {
      await appliance.close();
    }
  }

  async kill(): Promise<void> {
    const child = this.#child;
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
    child.kill("SIGKILL");
    await once(child, "exit");
  }
}

/** An agent that lives as long as its machine: it comes back after every loss, and keeps what it has not delivered. */
class PlayedMachine {
  readonly identity: AgentIdentity = newIdentity();
  /** How often each order was carried out. */
  readonly carriedOut = new Map<string, number>();
  version = "1.4.2";
  #ended: { readonly id: string } | undefined;
  #agent: TestAgent | undefined;
  #isOver = false;

  stop(): void {
    this.#isOver = true;
    this.#agent?.socket.terminate();
  }

  async live(at: { port: number; ca: string; token: string }, taken: () => void): Promise<void> {
    while (!this.#isOver) {
      try {
        await this.#stay(at, taken);
      } catch (error) {
        // The server is away: its agents try again.
        if (this.#isOver || !(error instanceof Error)) throw error;
      }
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }

  async #stay({ port, ca, token }: { port: number; ca: string; token: string }, taken: () => void): Promise<void> {
    const agent = await TestAgent.connect({ port, ca, identity: this.identity });
    this.#agent = agent;
    const hostname = `machine-${this.identity.kuid}`;
    const can = ["tasks", "self-update"];
    await agent.hello({ token, hostname, agentVersion: this.version, can });
    while (agent.socket.readyState === agent.socket.OPEN) {
      if (this.#ended !== undefined) {
        agent.say({ type: "task-status", id: this.#ended.id, status: "completed", note: "updated" });
      }
      const message = await agent.next("task", "task-status-received");
      if (message.type === "task-status-received") {
        if (message.id === this.#ended?.id) this.#ended = undefined;
        continue;
      }
      const id = String(message.id);
      // What it did already it only tells again.
      if (this.#ended?.id === id) continue;
      this.carriedOut.set(id, (this.carriedOut.get(id) ?? 0) + 1);
      agent.say({ type: "task-status", id, status: "started" });
      taken();
      const { version } = message.payload as { readonly version: string }; // the server's schema makes it one
      this.version = version;
      this.#ended = { id };
      // The old program ends with its connection; the new one says hello.
      agent.socket.terminate();
      await agent.closed;
    }
  }
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  if (address === null || typeof address === "string") throw new Error("the listener has no port");
  return address.port;
}

describe("a server that is killed again and again while agents enrol and update", { timeout: 600_000 }, () => {
  it("loses none of them and orders no update twice", async () => {
    const folder = await mkdtemp(join(tmpdir(), "kace-killed-"));
    const served = new Served(folder, await freePort());
    const machines = Array.from({ length: MACHINES }, () => new PlayedMachine());
    onTestFinished(async () => {
      for (const machine of machines) machine.stop();
      await served.kill();
      await rm(folder, { recursive: true, force: true, maxRetries: 5 });
    });
    await served.start();
    const appliance = await openLocal({ folder });
    onTestFinished(() => appliance.close());
    const bytes = Buffer.from("package 1.5.0");
    const sha256 = createHash("sha256").update(bytes).digest("hex");
    async function* stream() {
      yield bytes;
    }
    await appliance.putPackage(sha256, bytes.length, stream());
    const fileName = "kace-reference-agent_1.5.0_amd64.deb";
    const file = { fileName, platform: "linux", architecture: "amd64", format: "deb", version: "1.5.0" };
    const packages = [{ ...file, sha256, sizeBytes: bytes.length }];
    await appliance.saveBundle({ name: "agents", version: "1.5.0", flavour: "reference", packages });
    await appliance.saveUpdatePolicy({ enabled: true, allMachines: true });
    const token = await appliance.createToken({ name: "fleet" });
    const { port, caCertificate } = await appliance.serverStatus({});
    if (port === undefined || caCertificate === undefined) throw new Error("the server does not say where it is");

    let taken = 0;
    let restarts = Promise.resolve();
    const lives = machines.map((machine) =>
      machine.live({ port, ca: caCertificate, token: token.value }, () => {
        taken += 1;
        if (!KILLED_AFTER.some((count) => count === taken)) return;
        restarts = restarts.then(async () => {
          await served.kill();
          await served.start();
        });
      }),
    );
    const tasks = async () => (await appliance.listTasks({ types: ["self-update"], limit: 1_000 })).tasks;
    await until("every machine is right, and no order is open", async () => {
      const { counts } = await appliance.planUpdates({});
      return (
        counts.right === MACHINES && (await tasks()).every(({ state }) => state !== "ready" && state !== "running")
      );
    });
    await restarts;
    for (const machine of machines) machine.stop();
    await Promise.allSettled(lives);

    expect(taken).toBe(MACHINES);
    const known = await tasks();
    expect(known.map(({ kuid }) => kuid).sort()).toEqual(machines.map(({ identity }) => identity.kuid).sort());
    // Killed before it has noted that an agent has its order, a server that finds the machine right calls the order back.
    expect(known.filter(({ state }) => state !== "completed" && state !== "cancelled")).toEqual([]);
    expect(machines.map(({ carriedOut }) => [...carriedOut.values()])).toEqual(machines.map(() => [1]));
    expect((await appliance.listTokens({})).tokens).toMatchObject([{ name: "fleet", useCount: MACHINES }]);
    expect((await appliance.getUpdatePolicy({})).held).toBeUndefined();
  });
});
