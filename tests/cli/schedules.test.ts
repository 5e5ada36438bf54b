import { mkdtemp, readdir, readFile, rm, stat } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it, onTestFinished } from "vitest";
import { openLocal } from "../../provider/appliance/local/local.ts";
import { runKace } from "../../provider/cli/program.ts";
import { serveAppliance } from "../../provider/cli/serve.ts";
import { inputs as inputsSchema } from "../../provider/resources/provisioning/inputs.ts";
import { configurationRecord } from "../../provider/resources/provisioning/record.ts";
import { provisioningConfig } from "../../provider/resources/provisioning-config.ts";
import { until } from "../appliance/server/running.ts";

const CANARY = "log-in-canary-4711";
/** Longer than the longest interval there is: one run is due after it, and the next one is far away. */
const MONTH_AHEAD_MS = 31 * 24 * 3_600_000;

let root = "";
let folder = "";
let closedPort = 0;
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), "kace-schedules-"));
  folder = join(root, "appliance");
  closedPort = await portThatIsClosed();
});
afterEach(() => rm(root, { recursive: true, force: true, maxRetries: 5 }));

/** A port of loopback where nothing listens any more. */
async function portThatIsClosed(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  if (address === null || typeof address === "string") throw new Error("the listener has no port");
  return address.port;
}

/** A port that lets nobody in, and sees how many come at once: whoever comes is kept for a while, to meet the others. */
async function crowdedPort() {
  const crowd = { port: 0, met: 0, atOnce: 0 };
  let present = 0;
  const server = createServer((socket) => {
    crowd.met += 1;
    present += 1;
    crowd.atOnce = Math.max(crowd.atOnce, present);
    socket.on("error", () => socket.destroy());
    setTimeout(() => {
      present -= 1;
      socket.destroy();
    }, 500);
  });
  await new Promise<void>((resolve) => server.listen(0, "0.0.0.0", resolve));
  onTestFinished(() => void server.close());
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("the listener has no port");
  return Object.assign(crowd, { port: address.port });
}

/** A configuration of one machine that does not let anybody in, as `pulumi up` saves it. */
async function save(
  name: string,
  more: Record<string, unknown> = {},
  limits: { maxConcurrency: number | undefined } = { maxConcurrency: undefined },
): Promise<void> {
  const inputs = inputsSchema.parse({
    name,
    state: "removed",
    targets: { ips: ["127.0.0.1"] },
    linux: { password: CANARY, port: closedPort },
    schedule: { every: "720 hours" },
    ...more,
  });
  const appliance = await openLocal({ folder });
  const content = { id: name, urn: `urn:${name}`, name, inputs, shape: provisioningConfig.descriptor.inputs, limits };
  await appliance.saveConfiguration(
    configurationRecord({ ...content, ground: { bundle: undefined, server: undefined } }),
  );
  await appliance.close();
}

/** `kace serve`, whose clock on the wall the test sets forward. */
async function serve() {
  const end = new AbortController();
  const lines: string[] = [];
  const started = Promise.withResolvers<number>();
  const clock = { aheadMs: 0 };
  const ended = serveAppliance({
    folder,
    host: "127.0.0.1",
    port: 0,
    name: "localhost",
    signal: end.signal,
    log: (line) => lines.push(line),
    now: () => Date.now() + clock.aheadMs,
    onListening: ({ port }) => started.resolve(port),
  });
  ended.catch(started.reject);
  const stop = async () => {
    end.abort();
    await ended;
  };
  onTestFinished(stop);
  return { port: await started.promise, lines, clock, stop };
}

async function kace(args: readonly string[], environment: NodeJS.ProcessEnv = {}) {
  const [out, err]: [string[], string[]] = [[], []];
  const terminal = { out: (text: string) => void out.push(text), err: (text: string) => void err.push(text) };
  const exitCode = await runKace(args, { terminal, environment, signal: new AbortController().signal });
  return { exitCode, out: out.join("\n"), err: err.join("\n") };
}

const here = (...args: readonly string[]) => kace(["--database", folder, ...args]);

/** The runs of all configurations, the latest first. */
async function runs() {
  const appliance = await openLocal({ folder, readOnly: true });
  const answer = await appliance.listRuns({});
  await appliance.close();
  return answer.runs;
}

async function expectNoCanary(lines: readonly string[]): Promise<void> {
  expect(lines.join("\n")).not.toContain(CANARY);
  for (const name of await readdir(folder, { recursive: true })) {
    const path = join(folder, name);
    if ((await stat(path)).isFile()) expect((await readFile(path)).includes(CANARY), name).toBe(false);
  }
}

describe("configurations with a schedule", { timeout: 300_000 }, () => {
  it("are run by `kace serve` when they are due: results, log and history have it, and no secret", async () => {
    await save("fleet");
    await save("off", { enabled: false });
    const server = await serve();
    server.clock.aheadMs = MONTH_AHEAD_MS;
    await until("the run has ended", async () => (await runs())[0]?.state === "finished");
    await server.stop();
    expect(await runs()).toMatchObject([
      {
        configurationName: "fleet",
        kind: "scheduled",
        holder: expect.stringMatching(/^kace serve on /),
        summary: { total: 1, unreachable: 1 },
      },
    ]);
    const results = await here("results");
    expect(results.exitCode).toBe(3);
    expect(results.out).toContain("port-closed");
    expect(server.lines).toEqual(
      expect.arrayContaining([
        expect.stringContaining('scheduled run of "fleet" begins'),
        'scheduled run of "fleet" ended: 1 machine: 1 unreachable',
        expect.stringContaining("[port-closed] 127.0.0.1"),
      ]),
    );
    await expectNoCanary(server.lines);
  });

  it("end nothing but themselves where they cannot begin, and say why in the list", async () => {
    await save("fleet", { state: "present", agent: { bundle: "bundle-that-is-gone" } });
    const server = await serve();
    server.clock.aheadMs = MONTH_AHEAD_MS;
    await until("the run has failed", () => server.lines.some((line) => line.includes('"fleet" failed')));
    const failed = async () => JSON.parse((await here("--json", "config", "list")).out)[0].fault;
    await until("the fault is kept", async () => (await failed()) !== undefined);
    expect((await failed()).message).toContain("has no bundle bundle-that-is-gone");
    expect((await here("config", "show", "fleet")).out).toMatch(/^why it failed +the appliance has no bundle/m);
    expect((await here("config", "list")).out).toMatch(/failed \d{4}-/);
    await server.stop();
  });

  it("are run now by `kace config run`, in a folder and at a server", async () => {
    await save("fleet");
    const local = await here("config", "run", "fleet");
    expect(local).toMatchObject({ exitCode: 3, out: expect.stringContaining("unreachable (port-closed)") });
    expect(local.err).toContain("1 machine: 1 unreachable");
    const server = await serve();
    const { out: apiToken } = await here("api-tokens", "create", "test");
    const remote = await kace(
      [
        ...["--endpoint", `https://localhost:${server.port}`],
        ...["--ca-certificate", join(folder, "certificates", "ca.pem")],
        ...["config", "run", "fleet"],
      ],
      { KACE_API_TOKEN: apiToken.trim() },
    );
    expect(remote).toMatchObject({ exitCode: 3, out: expect.stringContaining("unreachable (port-closed)") });
    await server.stop();
    expect((await runs()).map(({ kind, holder }) => [kind, holder.split(" on ")[0]])).toEqual([
      ["scheduled", "kace serve"],
      ["scheduled", "kace config run"],
    ]);
    await expectNoCanary([local.out, local.err, remote.out, remote.err, ...server.lines]);
  });

  it("keep to the limit of the provider that the program used, whatever their own is", async () => {
    const crowd = await crowdedPort();
    const fleet = {
      targets: { ips: ["127.0.0.1", "127.0.0.2", "127.0.0.3"] },
      linux: { password: CANARY, port: crowd.port, bypassPortCheck: true },
      rollout: { maxConcurrency: 3, maxUnreachable: "100%", attempts: 1 },
    };
    await save("fleet", fleet, { maxConcurrency: 1 });
    const server = await serve();
    server.clock.aheadMs = MONTH_AHEAD_MS;
    await until("the run has ended", async () => (await runs())[0]?.state === "finished");
    await server.stop();
    expect(await runs()).toMatchObject([{ kind: "scheduled", summary: { total: 3, unreachable: 3 } }]);
    expect(crowd.met).toBe(3);
    expect(crowd.atOnce).toBe(1);
  });

  it("are needed by `kace config run`, since only they keep a log-in; and they must be enabled", async () => {
    await save("by-hand", { schedule: undefined });
    await save("off", { enabled: false });
    expect(await here("config", "run", "by-hand")).toEqual({
      exitCode: 1,
      out: "",
      err: "kace: what by-hand logs in with is not kept here, because it has no schedule\n  run `pulumi up`, or give it a `schedule`",
    });
    expect(await here("config", "run", "off")).toMatchObject({
      exitCode: 1,
      err: expect.stringContaining("off is not enabled"),
    });
    expect((await here("config", "run", "nobody's")).exitCode).toBe(2);
    expect(await runs()).toEqual([]);
  });

  it("are listed with their schedule and their next run, and copied under another name", async () => {
    await save("fleet", { schedule: { every: "monday", at: "2:30 AM", timezone: "UTC" } });
    await save("by-hand", { schedule: undefined });
    const { exitCode, out, err } = await here("config", "duplicate", "fleet", "copy");
    expect(exitCode).toBe(0);
    expect(err).toContain(`pulumi import kace:index:ProvisioningConfig <name> ${out}`);
    const rows = (await here("config", "list")).out.split("\n").map((line) => line.split(/ {2,}/));
    expect(rows[0]?.slice(-3)).toEqual(["LAST RUN", "SCHEDULE", "NEXT RUN"]);
    expect(rows.slice(1).map(([name, , enabled, ...rest]) => [name, enabled, ...rest.slice(-3)])).toEqual([
      ["by-hand", "yes", "never", "never", "-"],
      ["copy", "no", "never", "every monday at 02:30 (UTC)", "-"],
      ["fleet", "yes", "never", "every monday at 02:30 (UTC)", expect.stringMatching(/^\d{4}-.*T02:30:00\.000Z$/)],
    ]);
    expect(await here("config", "duplicate", "fleet", "copy")).toMatchObject({
      exitCode: 1,
      err: expect.stringContaining('there is already a configuration "copy"'),
    });
  });

  it("are deleted where no program has them, and only the copy of one that has them", async () => {
    await save("fleet");
    expect((await here("config", "duplicate", "fleet", "copy")).exitCode).toBe(0);
    expect(await here("config", "delete", "copy")).toMatchObject({
      exitCode: 0,
      err: expect.stringContaining("agents on the machines were not removed"),
    });
    expect(await here("config", "delete", "fleet")).toMatchObject({ exitCode: 1 });
    expect(JSON.parse((await here("--json", "config", "list")).out)).toMatchObject([{ name: "fleet" }]);
    const appliance = await openLocal({ folder, readOnly: true });
    expect((await appliance.listSchedules({})).schedules).toMatchObject([{ name: "fleet" }]);
    await appliance.close();
  });

  it("show no counts after an edit until the next run, and keep the results", async () => {
    await save("fleet");
    await here("config", "run", "fleet");
    const shown = async () => (await here("config", "list")).out.split("\n")[1]?.split(/ {2,}/).slice(3, 9);
    expect(await shown()).toEqual(["1", "0", "0", "0", "1", "0"]);
    // Another millisecond than that in which the run began.
    const ranAt = Date.parse((await runs())[0]?.startedAt ?? "");
    await until("the clock has gone on", () => Date.now() > ranAt);
    await save("fleet", { targets: { ips: ["127.0.0.1", "127.0.0.2"] } });
    expect(await shown()).toEqual(["-", "-", "-", "-", "-", "-"]);
    expect((await here("results")).out).toContain("edited, not run since");
    expect(JSON.parse((await here("--json", "results")).out)).toMatchObject([{ code: "port-closed", edited: true }]);
    await here("config", "run", "fleet");
    expect(await shown()).toEqual(["2", "0", "0", "0", "2", "0"]);
  });
});
