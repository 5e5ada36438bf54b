import { spawn } from "node:child_process";
import { once } from "node:events";
import { chmod, mkdtemp, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, describe, expect, it, onTestFinished } from "vitest";
import { until } from "../appliance/server/running.ts";

const KACE = fileURLToPath(new URL("../../bin/kace", import.meta.url));

let root = "";
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), "kace-process-"));
});
afterEach(() => rm(root, { recursive: true, force: true, maxRetries: 5 }));

/** A run of the command that is under way. */
function start(args: readonly string[], environment: NodeJS.ProcessEnv = {}) {
  const env = { PATH: process.env.PATH, HOME: root, KACE_DATABASE: join(root, "appliance"), ...environment };
  const child = spawn(KACE, args, { env, stdio: ["ignore", "pipe", "pipe"] });
  onTestFinished(() => void child.kill("SIGKILL"));
  const said = { out: "", err: "" };
  child.stdout.setEncoding("utf8").on("data", (text: string) => (said.out += text));
  child.stderr.setEncoding("utf8").on("data", (text: string) => (said.err += text));
  const ended = once(child, "close").then(([exitCode]: (number | null)[]) => ({ exitCode, ...said }));
  return { child, said, ended };
}

async function kace(...args: readonly string[]) {
  return start(args).ended;
}

async function takenPort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => void server.close());
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("the listener has no port");
  return address.port;
}

/** Each run starts a Node of its own, several one after the other, and a machine may be busy. */
describe("the command kace", { timeout: 300_000 }, () => {
  it("puts results on standard output, remarks on standard error, and its ending into the exit code", async () => {
    const none = await kace("tokens", "list");
    expect(none).toMatchObject({ exitCode: 2, out: "", err: expect.stringContaining("there is no appliance in ") });
    const made = await kace("api-tokens", "create", "pipeline");
    expect(made).toMatchObject({ exitCode: 0, out: expect.stringMatching(/^\S+\n$/) });
    expect(made.err).toContain("this value is shown once");
    expect(await kace("tokens", "list")).toEqual({
      exitCode: 0,
      out: "",
      err: "there is no token: an `AgentToken` makes one\n",
    });
    expect(await kace("--json", "tokens", "list")).toEqual({ exitCode: 0, out: "[]\n", err: "" });
    const listed = await kace("api-tokens", "list");
    expect(listed.out).toMatch(/^pipeline /m);
    expect(listed.out).not.toContain(made.out.trim());
    expect(await kace("api-tokens", "delete", "pipeline")).toMatchObject({
      exitCode: 0,
      err: "deleted the API token pipeline\nwho still brings its value is refused; what was made by it stays\n",
    });
    expect(await kace("api-tokens", "delete", "pipeline")).toEqual({
      exitCode: 2,
      out: "",
      err: "kace: there is no API token pipeline\n  `kace api-tokens list` shows those there are\n",
    });
    expect(await kace("nonsense")).toMatchObject({ exitCode: 2, out: "" });
  });

  it("ends without a word where nobody reads its output any more", async () => {
    const run = start(["--help"]);
    run.child.stdout.destroy();
    expect(await run.ended).toMatchObject({ exitCode: 141, err: "" });
  });

  it("serves until it is told to stop, to a client in another process", async () => {
    const port = await freePort();
    const server = start(["serve", "--name", "localhost", "--host", "127.0.0.1", "--port", String(port)]);
    await until("it serves", () => {
      if (server.child.exitCode !== null) throw new Error(`it ended: ${server.said.err}`);
      return server.said.err.includes(`serving agents and clients at https://localhost:${port}`);
    });
    const { out: value } = await kace("api-tokens", "create", "elsewhere");
    const client = start(["--endpoint", `https://localhost:${port}`, "--json", "tokens", "list"], {
      KACE_API_TOKEN: value.trim(),
      KACE_CA_CERTIFICATE: join(root, "appliance", "certificates", "ca.pem"),
    });
    expect(await client.ended).toEqual({ exitCode: 0, out: "[]\n", err: "" });
    const stranger = start(["--endpoint", `https://localhost:${port}`, "tokens", "list"], { KACE_API_TOKEN: "x" });
    expect(await stranger.ended).toMatchObject({ exitCode: 1, out: "", err: expect.stringContaining("certificate") });

    server.child.kill("SIGTERM");
    expect(await server.ended).toMatchObject({ exitCode: 0, out: "", err: expect.stringContaining("stopped\n") });
  });

  it("does not serve where it cannot: the port is taken, a certificate is none, or lacks its key", async () => {
    const port = String(await takenPort());
    const taken = await kace("serve", "--name", "localhost", "--host", "127.0.0.1", "--port", port);
    expect(taken).toMatchObject({ exitCode: 1, out: "" });
    expect(taken.err).toContain(port);
    const certificate = join(root, "certificate.pem");
    await writeFile(certificate, "no certificate");
    await chmod(certificate, 0o600);
    expect(await kace("serve", "--certificate", certificate)).toMatchObject({
      exitCode: 2,
      err: expect.stringContaining("a certificate needs its key"),
    });
    const wrong = await kace("serve", "--certificate", certificate, "--key", certificate);
    expect(wrong.exitCode).toBe(2);
    expect(wrong.err).toContain(certificate);
    expect(wrong.err).not.toMatch(/\n\s+at /);
  });
});

/** A port of loopback that was free a moment ago. */
async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  if (address === null || typeof address === "string") throw new Error("the listener has no port");
  return address.port;
}
