import { createServer } from "node:net";
import { expect, it, onTestFinished } from "vitest";
import { openLocal } from "../../provider/appliance/local/local.ts";
import { device, kuidOf } from "../appliance/devices.ts";
import { Project, ref } from "../e2e/project.ts";
import { KACE } from "./kace-plugin.ts";
import { serving } from "./serving.ts";

/** Many runs of the CLI one after the other, on a machine that may be busy. */
const SLOW = { timeout: 900_000 };

/** A port of loopback that accepts connections, until the test has finished. */
async function openPort(): Promise<number> {
  const server = createServer((socket) => socket.destroy());
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => void server.close());
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("the listener has no port");
  return address.port;
}

function invoke(name: string, args: object) {
  return { "fn::invoke": { function: `kace:${name}`, arguments: args } };
}

it("every function answers a YAML program, in a preview and in an update", SLOW, async () => {
  const port = await openPort();
  const project = await Project.yaml({}, { plugin: KACE, secrets: ["token-canary-0001", "correct-horse"] });
  const server = await serving(project.world);
  const appliance = await openLocal({ folder: project.world });
  const old = await appliance.createToken({ name: "old", value: "token-canary-0001" });
  await appliance.updateToken({ id: old.id, expiresAt: "2020-01-01T00:00:00.000Z" });
  const current = await appliance.createToken({ name: "current" });
  for (const number of [1, 2]) await appliance.enrolDevice(device(number, { token: current.value }));
  await appliance.sendMessage({ kuids: [kuidOf(1)], type: "alert", payload: "maintenance at six" });
  const { sourceId, tasks: queued } = await appliance.queueTasks({
    kuids: [kuidOf(1)],
    type: "script",
    payload: { script: "uptime" },
    timeoutSeconds: 60,
  });
  const bundle = await appliance.saveBundle({
    name: "agents",
    version: "1.4.2",
    flavour: "reference",
    packages: [],
    loaded: false,
  });
  await appliance.close();

  // A real run, whose one machine does not answer, is what the results are of.
  const removal = {
    type: "kace:ProvisioningConfig",
    properties: {
      name: "removal",
      state: "removed",
      targets: { ips: ["127.0.0.1"] },
      linux: { password: { "fn::secret": "correct-horse" }, port: 1 },
      rollout: { maxUnreachable: "100%", attempts: 1 },
    },
  };
  // By the name as the resource gives it, so that the engine asks when the run is over.
  const configurations = invoke("getProvisionedConfigurations", { name: ref("removal.name") });
  const shown = { variables: { configurations }, outputs: { configurations: ref("configurations.configurations") } };
  await project.write({ resources: { removal }, ...shown });
  expect(await project.up()).toContain("tolerated: [port-closed] 127.0.0.1");
  const outputsOf = async () => JSON.parse((await project.run(["stack", "output", "--json", "--show-secrets"])).stdout);
  expect((await outputsOf()).configurations).toMatchObject([
    {
      name: "removal",
      targets: "127.0.0.1",
      lastRunState: "finished",
      total: 1,
      running: 0,
      failed: 1,
      percentSucceeded: 0,
    },
  ]);

  await project.write({
    resources: { removal: { ...removal, properties: { ...removal.properties, enabled: false } } },
    variables: {
      expanded: invoke("expandTargets", { targets: { ipRanges: "192 168 2-3 1-2", exclude: ["192.168.2.1"] } }),
      scanned: invoke("scanNetwork", {
        targets: { ips: ["127.0.0.1"] },
        ports: [port],
        dns: { lookup: false },
      }),
      configurations,
      bad: invoke("getProvisioningResults", { configuration: "removal", classes: ["unreachable"], logs: true }),
      good: invoke("getProvisioningResults", { classes: ["succeeded"] }),
      diagnosis: invoke("diagnose", { machine: "127.0.0.1", token: { "fn::secret": "token-canary-0001" } }),
      elsewhere: invoke("diagnose", { machine: "web1", server: { name: "localhost", port: 1 } }),
      stranger: invoke("diagnose", { machine: "www.example.org" }),
      queue: invoke("getMessageQueue", { machine: "web1.corp.example" }),
      nobodys: invoke("getMessageQueue", { machine: "web2.corp.example" }),
      updates: invoke("getAgentUpdates", {}),
      running: invoke("getAgentTasks", {}),
      all: invoke("getAgentTasks", { view: "all" }),
      waiting: invoke("getAgentTasks", { view: "ready", machine: kuidOf(1) }),
    },
    outputs: {
      expanded: ref("expanded"),
      scanned: ref("scanned"),
      configurations: ref("configurations.configurations"),
      bad: ref("bad.results"),
      good: ref("good.results"),
      steps: ref("diagnosis.findings"),
      elsewhere: ref("elsewhere.firstWrong"),
      stranger: ref("stranger.firstWrong"),
      queue: ref("queue.messages"),
      nobodys: ref("nobodys.messages"),
      updates: ref("updates"),
      running: ref("running.tasks"),
      all: ref("all.tasks"),
      waiting: ref("waiting.tasks"),
    },
  });
  await project.succeed(["preview"]);
  await project.up();
  const outputs = await outputsOf();

  expect(outputs.updates).toEqual({
    bundles: [
      {
        id: bundle.id,
        name: "agents",
        flavour: "reference",
        version: "1.4.2",
        files: [],
        loaded: false,
      },
    ],
    signed: false,
    checkAt: "03:40",
  });
  expect(outputs.running).toEqual([]);
  expect(outputs.all).toMatchObject([{ id: queued[0]?.id, state: "ready" }]);
  expect(outputs.waiting).toEqual([
    {
      id: queued[0]?.id,
      sourceId,
      machine: "web1.corp.example",
      identity: kuidOf(1),
      connected: false,
      type: "script",
      state: "ready",
      nextRun: expect.stringMatching(/^\d{4}-/),
      timeoutSeconds: 60,
      priority: 50,
    },
  ]);
  expect(outputs.expanded).toEqual({
    count: 3,
    machines: ["192.168.2.2", "192.168.3.1", "192.168.3.2"],
    truncated: false,
  });
  expect(outputs.scanned).toMatchObject({
    machines: [{ address: "127.0.0.1", names: [], openPorts: [port] }],
    scanned: 1,
    open: 1,
  });
  // It was edited after its run, so that the counts are not its own any more.
  expect(outputs.configurations).toMatchObject([{ name: "removal", enabled: false, changedSinceRun: true }]);
  expect(outputs.configurations[0]).not.toHaveProperty("total");
  expect(outputs.bad).toMatchObject([{ machine: "127.0.0.1", class: "unreachable", code: "port-closed" }]);
  expect(outputs.good).toEqual([]);
  expect(outputs.steps).toMatchObject([
    { step: "dns", state: "right" },
    { step: "port", state: "right", message: `localhost:${server.port} is open from here` },
    { step: "tls", state: "right" },
    { step: "token", state: "wrong", message: "the token old is expired" },
    { step: "quarantine", state: "unknown" },
    {
      step: "service",
      state: "wrong",
      message: expect.stringMatching(
        / the last result, of the configuration removal at \S+, is unreachable \(port-closed\)/,
      ),
    },
  ]);
  expect(outputs.queue).toMatchObject([
    {
      machine: "web1.corp.example",
      identity: kuidOf(1),
      type: "alert",
      payload: "maintenance at six",
      status: "pending",
    },
  ]);
  expect(outputs.nobodys).toEqual([]);
  expect(outputs.elsewhere).toMatchObject({ step: "port", message: "nothing listens on localhost:1" });
  expect(outputs.stranger).toMatchObject({ message: expect.stringContaining("knows no machine www.example.org") });
  await project.expectNoSecretInState();
});

it("a wrong argument of a function is named with its path", SLOW, async () => {
  const project = await Project.yaml({}, { plugin: KACE });
  for (const [name, args, reason] of [
    ["expandTargets", { targets: { ipRanges: ["10.0.0.0/8"] } }, "16777216 targets; more than 65536 need allowLarge"],
    ["expandTargets", { targets: { ipRanges: ["192.168.5-2.1-300"] } }, 'did you mean "192.168.2-5.1-255"?'],
    ["scanNetwork", { targets: { ips: "127.0.0.1" }, ports: [0] }, "expected at least 1"],
    ["getProvisioningResults", { configuration: "nobody's" }, "the appliance has no configuration nobody's"],
    ["diagnose", { machine: "web01" }, "no server ever ran on this appliance, and none is named"],
    ["getAgentTasks", { machine: "web01" }, "there is no device web01"],
    ["getMessageQueue", { machine: "web01" }, "there is no device web01"],
  ] as const) {
    await project.write({ variables: { it: invoke(name, args) }, outputs: { it: ref("it") } });
    expect(await project.fail(["preview"])).toContain(reason);
  }
});
