import { type ChildProcess, spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { once } from "node:events";
import { mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { request } from "node:https";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { connect } from "node:tls";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { createAuthority, issueServerCertificate } from "../../../provider/appliance/certificates/issue.ts";
import { ownCertificate } from "../../../provider/appliance/certificates/own.ts";
import { openLocal } from "../../../provider/appliance/local/local.ts";
import { serveAppliance } from "../../../provider/cli/serve.ts";
import { TestAgent } from "./agent.ts";
import { startTestServer, until } from "./running.ts";

const TIMEOUT_MS = 120_000;
const HOUR_MS = 3_600_000;

let folder: string;
const children: ChildProcess[] = [];
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "kace-life-"));
});
afterEach(async () => {
  for (const child of children.splice(0)) {
    if (child.exitCode === null && child.signalCode === null) {
      child.kill("SIGKILL");
      await once(child, "exit");
    }
  }
  await rm(folder, { recursive: true, force: true });
}, TIMEOUT_MS);

const SERVE = fileURLToPath(new URL("../../../provider/cli/serve.ts", import.meta.url));

/** Serves the folder from a process of its own; resolves with its port. */
async function serveInOtherProcess(): Promise<{ child: ChildProcess; port: number }> {
  const program = `const { serveAppliance } = await import(${JSON.stringify(SERVE)});
    const stop = new AbortController();
    process.once("SIGTERM", () => stop.abort());
    await serveAppliance({ folder: process.argv[1], host: "127.0.0.1", port: 0, name: "localhost", signal: stop.signal,
      log: (line) => console.error(line), now: Date.now, onListening: ({ port }) => console.log(port) });`;
  const child = spawn(process.execPath, ["--input-type=module", "-e", program, folder], {
    stdio: ["ignore", "pipe", "ignore"],
  });
  children.push(child);
  const [line] = await once(child.stdout, "data");
  return { child, port: Number(String(line)) };
}

/** What the store says of its server, as another process reads it. */
async function status() {
  const appliance = await openLocal({ folder, readOnly: true });
  try {
    return await appliance.serverStatus({});
  } finally {
    await appliance.close();
  }
}

/** Serves in this process until the work is done. */
async function serving<T>(
  options: Partial<Parameters<typeof serveAppliance>[0]>,
  work: (at: { port: number; lines: string[] }) => Promise<T>,
): Promise<T> {
  const stop = new AbortController();
  const lines: string[] = [];
  const listening = Promise.withResolvers<number>();
  const served = serveAppliance({
    folder,
    host: "127.0.0.1",
    port: 0,
    name: "localhost",
    now: Date.now,
    log: (line) => lines.push(line),
    ...options,
    signal: stop.signal,
    onListening: ({ port }) => listening.resolve(port),
  });
  served.catch(listening.reject);
  try {
    return await work({ port: await listening.promise, lines });
  } finally {
    stop.abort();
    // Where it did not come to serve at all, `listening` has said why.
    await served.catch(() => undefined);
  }
}

describe("what the store says of its server", { timeout: TIMEOUT_MS }, () => {
  it("is that it runs, where, and by which authority; and at once that it stopped, when it stops gracefully", async () => {
    expect(await status()).toEqual({ running: false });
    const { child, port } = await serveInOtherProcess();
    expect(await status()).toMatchObject({
      running: true,
      name: "localhost",
      port,
      caCertificate: expect.stringContaining("BEGIN CERTIFICATE"),
      canonicalNames: expect.arrayContaining(["127.0.0.1", "localhost"]),
    });
    child.kill("SIGTERM");
    expect(await once(child, "exit")).toEqual([0, null]);
    expect(await status()).toMatchObject({ running: false, port });
  });

  it("is that it does not run once it was killed, and another may take its place", async () => {
    const { child } = await serveInOtherProcess();
    const authority = (await status()).caCertificate;
    child.kill("SIGKILL");
    await once(child, "exit");
    expect(await status()).toMatchObject({ running: false });
    await serving({}, async ({ port }) => {
      expect(await status()).toMatchObject({ running: true, port, caCertificate: authority });
    });
  });

  it("has no connected devices once it was killed", async () => {
    const { child, port } = await serveInOtherProcess();
    const { agent } = await TestAgent.enrol({ port, ca: (await status()).caCertificate ?? "" });
    const isConnected = async () => {
      const appliance = await openLocal({ folder, readOnly: true });
      try {
        return (await appliance.getDevice({ kuid: agent.identity.kuid })).connected;
      } finally {
        await appliance.close();
      }
    };
    expect(await isConnected()).toBe(true);
    child.kill("SIGKILL");
    await once(child, "exit");
    expect(await isConnected()).toBe(false);
  });
});

describe("a server that another one takes the place of", { timeout: TIMEOUT_MS }, () => {
  it("ends with an error as soon as it sees that, and leaves the other one alone", async () => {
    const lines: string[] = [];
    const listening = Promise.withResolvers<number>();
    const ended = serveAppliance({
      ...{ folder, host: "127.0.0.1", port: 0, name: "localhost", now: Date.now },
      signal: new AbortController().signal,
      log: (line) => lines.push(line),
      onListening: ({ port }) => listening.resolve(port),
    });
    ended.catch(listening.reject);
    const port = await listening.promise;
    const { agent } = await TestAgent.enrol({ port, ca: (await status()).caCertificate ?? "" });
    await takePlace();
    await expect(ended).rejects.toMatchObject({
      code: "conflict",
      message: expect.stringContaining("another server took this one's place"),
    });
    expect(await agent.closed).toMatchObject({ code: 1001 });
    expect(lines.at(-1)).toBe("stopped");
    expect(await status()).toMatchObject({ running: true, instanceId: "the other one", port: 9443 });
  });

  /** As from a container of its own: there nobody sees that this server's process is alive, and it has not been heard for long. */
  async function takePlace(): Promise<void> {
    for (const aheadMs of [16_000, 0]) {
      const appliance = await openLocal({ folder, now: () => Date.now() + aheadMs, hasEnded: () => undefined });
      await appliance.publishServer({
        ...{ instanceId: "the other one", name: "localhost", port: 9443, canonicalNames: [], version: "1.0.0" },
        process: { pid: 1, scope: "another container" },
      });
      await appliance.close();
    }
  }
});

describe("a server that is told to stop", { timeout: TIMEOUT_MS }, () => {
  it("tells its agents, lets calls in flight finish, and takes no more", async () => {
    const { server, port, ca, appliance, apiToken, remove } = await startTestServer();
    try {
      const { agent } = await TestAgent.enrol({ port, ca });
      const content = Buffer.alloc(100_000, 7);
      const sha256 = createHash("sha256").update(content).digest("hex");
      const upload = startUpload({ port, ca, sha256, sizeBytes: content.length, apiToken: await apiToken() });
      upload.write(content.subarray(0, 50_000));
      await uploadHasBegun(appliance.folder);
      const stopped = server.stop();
      expect(await agent.closed).toMatchObject({ code: 1001 });
      expect(await appliance.serverStatus({})).toMatchObject({ running: false });
      upload.end(content.subarray(50_000));
      const [answer] = await once(upload, "response");
      expect(answer.statusCode).toBe(204);
      await stopped;
      expect(await appliance.hasPackage({ sha256 })).toMatchObject({ present: true });
      await expect(TestAgent.connect({ port, ca })).rejects.toMatchObject({ code: "ECONNREFUSED" });
    } finally {
      await remove();
    }
  });

  it("waits for a call that never ends no longer than it may", async () => {
    const { server, port, ca, appliance, apiToken, remove } = await startTestServer({ limits: { stopMs: 100 } });
    try {
      const sha256 = "0".repeat(64);
      const upload = startUpload({ port, ca, sha256, sizeBytes: 1_000, apiToken: await apiToken() });
      const broken = once(upload, "error");
      upload.write("x");
      await uploadHasBegun(appliance.folder);
      await server.stop();
      expect(await broken).toEqual([expect.any(Error)]);
    } finally {
      await remove();
    }
  });

  function startUpload(of: { port: number; ca: string; sha256: string; sizeBytes: number; apiToken: string }) {
    return request({
      host: "localhost",
      port: of.port,
      ca: of.ca,
      method: "PUT",
      path: `/api/v1/packages/${of.sha256}`,
      headers: { authorization: `Bearer ${of.apiToken}`, "content-length": of.sizeBytes },
      agent: false,
    });
  }

  async function uploadHasBegun(of: string): Promise<void> {
    await until("the upload has begun", async () => {
      const names = await readdir(join(of, "packages")).catch(() => []);
      return names.some((name) => name.endsWith(".part"));
    });
  }
});

describe("a server that cannot start says why", { timeout: TIMEOUT_MS }, () => {
  it("where the port is taken", async () => {
    const other = createServer().listen(0, "127.0.0.1");
    await once(other, "listening");
    const address = other.address();
    const port = typeof address === "object" && address !== null ? address.port : 0;
    await expect(serving({ port }, async () => undefined)).rejects.toMatchObject({
      code: "conflict",
      message: `port ${port} is taken by another process`,
      hint: expect.stringContaining(`ss -ltnp 'sport = :${port}'`),
    });
    other.close();
  });

  it.each([["another port"], ["the same port"]])("where this store has a server already, on %s", async (which) => {
    const { port, child } = await serveInOtherProcess();
    const attempt = serving({ port: which === "the same port" ? port : 0 }, async () => undefined);
    await expect(attempt).rejects.toMatchObject({
      code: "conflict",
      message: expect.stringContaining(`runs already, as localhost:${port} (process ${child.pid})`),
    });
    expect(await status()).toMatchObject({ running: true, port });
  });

  it("where the address is of another machine", async () => {
    await expect(serving({ host: "192.0.2.1" }, async () => undefined)).rejects.toMatchObject({
      code: "invalid",
      message: '"192.0.2.1" is no address of this machine',
    });
  });

  it.each([
    ["has expired", 400 * 24, "kace.example", false, /expired on/],
    ["is not for its name", 0, "other.example", false, /is not for "other\.example"/],
    ["has another key", 0, "kace.example", true, /does not belong/],
  ])("where the given certificate %s", async (_, laterHours, name, otherKey, message) => {
    const now = Date.UTC(2026, 5, 1);
    const authority = await createAuthority({ now });
    const pair = await issueServerCertificate({ authority, names: ["kace.example"], now });
    const certificate = join(folder, "given.crt");
    const key = join(folder, "given.key");
    await writeFile(certificate, pair.certificate);
    await writeFile(key, otherKey ? authority.key : pair.key);
    const options = { certificate, key, name, now: () => now + laterHours * HOUR_MS };
    await expect(serving(options, async () => undefined)).rejects.toMatchObject({
      code: "invalid",
      message: expect.stringMatching(message),
      hint: expect.stringMatching(/./),
    });
    expect(await status()).toEqual({ running: false });
  });

  it("where a certificate comes without its key", async () => {
    await expect(serving({ certificate: "/x.crt" }, async () => undefined)).rejects.toMatchObject({
      message: expect.stringContaining("needs its key"),
    });
  });
});

describe("a server's certificate", { timeout: TIMEOUT_MS }, () => {
  it.each([[48], [-48]])("serves agents with a right clock while the server's is %i hours off", async (hours) => {
    await serving({ now: () => Date.now() + hours * HOUR_MS }, async ({ port }) => {
      const { agent, answer } = await TestAgent.enrol({ port, ca: (await status()).caCertificate ?? "" });
      expect(answer).toMatchObject({ type: "welcome", state: "quarantined" });
      agent.socket.terminate();
    });
  });

  it("is replaced without a restart, and connected agents stay", async () => {
    let names = ["localhost", "127.0.0.1"];
    const { server, port, ca, lines, remove } = await startTestServer({
      limits: { certificateEveryMs: 50 },
      certificate: () => ownCertificate({ folder: join(folder, "certificates"), names, now: Date.now() }),
    });
    try {
      const { agent } = await TestAgent.enrol({ port, ca });
      names = [...names, "kace.example"];
      await until("the new certificate is there", () => server.identity().names.includes("kace.example"));
      expect(lines.some((line) => line.startsWith("the certificate is a new one"))).toBe(true);
      const socket = connect({ port, host: "127.0.0.1", servername: "kace.example", ca });
      await once(socket, "secureConnect");
      socket.destroy();
      agent.say({ type: "heartbeat" });
      await agent.next("heartbeat");
    } finally {
      await remove();
    }
  });
});
