import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { openLocal } from "../../provider/appliance/local/local.ts";
import { runKace } from "../../provider/cli/program.ts";
import type { ExitCode } from "../../provider/cli/session.ts";
import { startTestServer, type TestServer } from "../appliance/server/running.ts";
import { fill, KUIDS, TOKEN_VALUE } from "./filled.ts";

/** How a command ended, and what it said. */
interface Said {
  readonly exitCode: ExitCode;
  readonly out: string;
  readonly err: string;
}

/** An appliance as the command line comes to it. */
interface Reached {
  /** The options that name it. */
  readonly options: readonly string[];
  readonly environment: NodeJS.ProcessEnv;
  readonly folder: string;
  close(): Promise<void>;
}

async function inFolder(): Promise<Reached> {
  const root = await mkdtemp(join(tmpdir(), "kace-cli-"));
  const folder = join(root, "appliance");
  await fill(folder);
  const close = () => rm(root, { recursive: true, force: true });
  return { options: ["--database", folder], environment: {}, folder, close };
}

async function behindServer(): Promise<Reached> {
  const server: TestServer = await startTestServer();
  await fill(server.folder);
  const ca = join(server.folder, "certificates", "ca.pem");
  return {
    options: ["--endpoint", server.endpoint, "--ca-certificate", ca],
    environment: { KACE_API_TOKEN: await server.apiToken() },
    folder: server.folder,
    close: () => server.remove(),
  };
}

describe.each([
  ["in a folder", inFolder],
  ["behind a server", behindServer],
])("the commands about an appliance %s", (_where, reach) => {
  let reached: Reached;
  beforeEach(async () => {
    reached = await reach();
  });
  afterEach(() => reached.close());

  async function kace(...args: readonly string[]): Promise<Said> {
    const out: string[] = [];
    const err: string[] = [];
    const terminal = { out: (text: string) => void out.push(text), err: (text: string) => void err.push(text) };
    const world = { terminal, environment: reached.environment, signal: new AbortController().signal };
    const exitCode = await runKace([...reached.options, ...args], world);
    return { exitCode, out: textOf(out), err: textOf(err) };
  }

  /** The rows of a table, a list of cells each. */
  async function rows(...args: readonly string[]): Promise<string[][]> {
    const { exitCode, out, err } = await kace(...args);
    expect(exitCode === 0 || exitCode === 3, err).toBe(true);
    return out
      .trimEnd()
      .split("\n")
      .map((line) => line.split(/ {2,}/));
  }

  async function json<T>(...args: readonly string[]): Promise<T> {
    const { out } = await kace("--json", ...args);
    return JSON.parse(out);
  }

  it("list configurations, and show one by its name or id", async () => {
    const [head, ...listed] = await rows("config", "list");
    expect(head?.slice(0, 3)).toEqual(["NAME", "TARGETS", "ENABLED"]);
    expect(listed).toHaveLength(1);
    expect(listed[0]?.slice(0, 9)).toEqual(["fleet", "web[01-03]", "yes", "3", "0", "0", "1", "1", "50"]);
    for (const name of ["fleet", "config-1"]) {
      const { exitCode, out } = await kace("config", "show", name);
      expect(exitCode).toBe(0);
      expect(out).toMatch(/^unreachable +1$/m);
      expect(await json("config", "show", name)).toMatchObject({ name: "fleet", lastRun: { percentSucceeded: 50 } });
    }
    expect(await kace("config", "show", "nobody's")).toEqual({
      exitCode: 2,
      out: "",
      err: "kace: there is no configuration nobody's\n  `kace config list` shows those there are\n",
    });
  });

  it("delete configurations that no program has, and others only where they are forced", async () => {
    const appliance = await openLocal({ folder: reached.folder });
    const urn = "urn:pulumi:dev::fleet::kace:index:ProvisioningConfig::managed";
    await appliance.saveConfiguration({ id: "config-2", name: "managed", urn, description: { targets: "web04" } });
    await appliance.saveConfiguration({ id: "config-3", name: "runs", description: { targets: "web05" } });
    await appliance.startRun({ configurationId: "config-3", kind: "up", holder: "a test", leaseSeconds: 3_600 });
    await appliance.close();
    const names = async () => (await json<{ name: string }[]>("config", "list")).map(({ name }) => name);
    expect(await kace("config", "delete", "fleet", "managed")).toMatchObject({
      exitCode: 1,
      err: expect.stringMatching(
        /^kace: managed belongs to a program, as urn:\S+::managed\n {2}.*`pulumi destroy`.*--force/,
      ),
    });
    for (const force of [[], ["--force"]])
      expect(await kace("config", "delete", "runs", ...force)).toMatchObject({
        exitCode: 1,
        err: "kace: a run of runs is going on\n  delete it when that has ended\n",
      });
    expect((await kace("config", "delete", "nobody's")).exitCode).toBe(2);
    expect(await names()).toEqual(["fleet", "managed", "runs"]); // all or none
    expect(await kace("config", "delete", "fleet")).toEqual({
      exitCode: 0,
      out: "",
      err: "deleted fleet (config-1) with its results\ndevices stay, and the agents on the machines were not removed\n",
    });
    expect((await kace("config", "delete", "--force", "managed", "config-2")).err).toMatch(
      /^deleted managed \(config-2\)/,
    );
    expect(await names()).toEqual(["runs"]);
    expect(await json("results")).toEqual([]);
    expect(await json("devices", "list")).toHaveLength(2);
    expect(await json("history", "--what", "deleteConfiguration", "--subject", "fleet")).toMatchObject([
      { subject: "configuration:config-1", subjectName: "fleet" },
    ]);
  });

  it("list results, say by the exit code whether all are right, and print nothing that moves a cursor", async () => {
    const all = await kace("results");
    expect(all.exitCode).toBe(3);
    expect(all.out).toContain("unreachable (port-closed)");
    expect(all.out.split("\n").find((line) => line.includes("web02"))).toContain(" fleet ");
    expect(all.out).toContain("nothing listens on port 22\u{fffd}[31m");
    expect((await kace("results", "--class", "succeeded")).exitCode).toBe(0);
    expect((await kace("results", "--machine", "web01")).exitCode).toBe(0);
    expect((await kace("results", "--config", "fleet", "--code", "port-closed")).exitCode).toBe(3);
    expect(await kace("results", "--code", "auth-failed")).toMatchObject({
      exitCode: 0,
      out: "",
      err: "there are no such results\n",
    });
    expect((await kace("results", "--config", "nobody's")).exitCode).toBe(2);
    expect(await kace("results", "--machine", "web99")).toEqual({
      exitCode: 2,
      out: "",
      err: "kace: no run knows the machine web99\n  `kace results` shows those there are\n",
    });
    // It has results, though none of that class.
    expect((await kace("results", "--machine", "web01", "--class", "failed")).exitCode).toBe(0);
    expect(await json("results")).toMatchObject([
      { machine: "web01", configuration: "fleet" },
      { machine: "web02", code: "port-closed" },
    ]);
  });

  it("print the step log of a machine, by its name or address", async () => {
    for (const machine of ["web01", "10.0.0.1"])
      expect(await kace("logs", machine)).toMatchObject({
        exitCode: 0,
        out: expect.stringMatching(
          /^web01, configuration fleet, \d{4}-\d\d-\d\dT[\d:.]+Z\n\[install\] unpacking\n\[verify\] connected\n$/,
        ),
      });
    expect(await kace("logs", "web02")).toMatchObject({
      exitCode: 0,
      out: expect.stringMatching(
        /^web02, configuration fleet, \S+Z: unreachable \(port-closed\)\n {2}nothing listens on port 22\u{fffd}\[31m\n$/u,
      ),
      err: "nothing was done on web02, so there is no log of it\n",
    });
    expect(await json("logs", "web02")).toMatchObject({ machine: "web02", log: null });
    expect((await kace("logs", "web99")).exitCode).toBe(2);
  });

  it("list devices and those in quarantine, approve, block and forget them", async () => {
    expect((await rows("devices", "list")).slice(1).map(([name, , state]) => [name, state])).toEqual([
      ["web01.corp.example", "approved"],
      ["web02.corp.example", "quarantined (no-token)"],
    ]);
    expect((await rows("quarantine", "list")).slice(1).map(([name]) => name)).toEqual(["web02.corp.example"]);
    expect(await kace("quarantine", "approve", "web02")).toMatchObject({
      exitCode: 0,
      err: `web02.corp.example (${KUIDS.web02}) is approved\n`,
    });
    expect(await kace("quarantine", "list")).toEqual({
      exitCode: 0,
      out: "",
      err: "no device waits in quarantine\n",
    });
    expect(await json("quarantine", "list")).toEqual([]);
    expect((await kace("quarantine", "block", KUIDS.web01)).exitCode).toBe(0);
    expect(await json("devices", "list")).toMatchObject([{ state: "blocked" }, { state: "approved" }]);
    expect(await kace("devices", "remove", "WEB01.corp.example")).toMatchObject({
      exitCode: 0,
      err: `forgot web01.corp.example (${KUIDS.web01})\nan agent that comes back is a new device\n`,
    });
    expect(await json("devices", "list")).toMatchObject([{ kuid: KUIDS.web02 }]);
    expect(await kace("devices", "remove", "web77")).toMatchObject({
      exitCode: 2,
      err: expect.stringContaining("there is no device web77"),
    });
  });

  it("list tokens and their uses, and never a value", async () => {
    const tokens = await kace("tokens", "list");
    expect(tokens.out).toMatch(/^berlin +\S+ +yes +1 of 500 +never$/m);
    const uses = await kace("tokens", "uses", "berlin");
    expect(uses.out).toContain("web01.corp.example");
    const everything = [tokens, uses, await kace("--json", "tokens", "list"), await kace("--json", "devices", "list")];
    for (const { out, err } of everything) expect(out + err).not.toContain(TOKEN_VALUE);
    expect((await kace("tokens", "uses", "nobody's")).exitCode).toBe(2);
  });

  it("mark the results of a configuration that was edited and not run since", async () => {
    // A minute later, however fast the machine is.
    const appliance = await openLocal({ folder: reached.folder, now: () => Date.now() + 60_000 });
    await appliance.saveConfiguration({ id: "config-1", name: "fleet", description: { targets: "web[01-04]" } });
    await appliance.close();
    const { exitCode, out } = await kace("results", "--machine", "web01");
    expect(out).toMatch(/^web01 .* edited, not run since /m);
    expect(exitCode).toBe(3);
    expect(await json("results", "--machine", "web01")).toMatchObject([{ code: "installed", edited: true }]);
    // It was run without web01 since: the pipelines that ask are green again.
    const later = await openLocal({ folder: reached.folder, now: () => Date.now() + 120_000 });
    const { runId } = await later.startRun({ configurationId: "config-1", kind: "up", total: 0, holder: "a test" });
    const counts = { succeeded: 0, unchanged: 0, removed: 0, absent: 0, unreachable: 0, failed: 0, notAttempted: 0 };
    await later.finishRun({ runId, summary: { total: 0, ...counts, percentSucceeded: 100 } });
    await later.close();
    const after = await kace("results");
    expect(after.out).toMatch(/^web01 .* \(installed\) .* no longer a target$/m);
    expect(after.out).toMatch(/^web02 .* no longer a target$/m);
    expect(after.exitCode).toBe(0);
  });

  it("list host keys and forget them", async () => {
    expect((await rows("hostkeys", "list"))[1]?.slice(0, 4)).toEqual(["web01", "22", "ssh-ed25519", "SHA256:abcdefgh"]);
    expect(await json("hostkeys", "list", "web02")).toEqual([]);
    expect((await kace("hostkeys", "forget", "web01", "--port", "2222")).exitCode).toBe(2);
    expect(await kace("hostkeys", "forget", "web01")).toMatchObject({ exitCode: 0, err: "forgot the key of web01\n" });
    expect(await json("hostkeys", "list")).toEqual([]);
  });

  it("name the first thing that keeps a machine from its server", async () => {
    const tokenFile = join(reached.folder, "token.txt");
    await writeFile(tokenFile, `${TOKEN_VALUE}\n`, { mode: 0o600 });
    const found = await kace(
      "diagnose",
      "web02",
      "--server",
      "localhost",
      "--server-port",
      "1",
      "--token-file",
      tokenFile,
    );
    expect(found.exitCode).toBe(3);
    expect(found.out).toMatch(/^port +wrong +nothing listens on localhost:1$/m);
    expect(found.out).toMatch(/^token +right +the token berlin is valid$/m);
    expect(found.out).toContain("begin with: nothing listens on localhost:1");
    expect(found.out + found.err).not.toContain(TOKEN_VALUE);
    const { firstWrong } = await json<{ firstWrong: { step: string } }>(
      "diagnose",
      "web02",
      "--server",
      "localhost",
      "--server-port",
      "1",
    );
    expect(firstWrong.step).toBe("port");
  });
});

function textOf(lines: readonly string[]): string {
  return lines.map((line) => `${line}\n`).join("");
}
