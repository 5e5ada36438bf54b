import { randomBytes } from "node:crypto";
import { createReadStream, readFileSync } from "node:fs";
import { packageSource } from "../../../provider/resources/provisioning/package-source.ts";
import { agentWork } from "../../../provider/rollout/agent-work.ts";
import { systemClock } from "../../../provider/rollout/clock.ts";
import { createDns } from "../../../provider/rollout/dns/dns.ts";
import { systemNames } from "../../../provider/rollout/dns/name-source.ts";
import type { HostKeyPins } from "../../../provider/rollout/host-key-pins.ts";
import { runRollout } from "../../../provider/rollout/run.ts";
import { SshWorld } from "../../../provider/rollout/ssh-world.ts";
import { addressTarget } from "../../../provider/rollout/targets/target.ts";
import { desiredOf, measureJob, readJob } from "./job.ts";

/*
 * The engine at work, with all that it does for a rollout: gates, budgets, retries, journal, host keys, plans, proofs.
 * Only the appliance is left out: what it costs is part of what `rollout.up` measures.
 */

const job = readJob();
const desired = desiredOf(job);
const privateKey = readFileSync(job.privateKeyFile, "utf8");
const signal = new AbortController().signal;

const pinned = new Map<string, Parameters<HostKeyPins["pin"]>[2]>();
const pins: HostKeyPins = {
  known: (host) => [pinned.get(host)].filter((key) => key !== undefined),
  pin: async (host, _port, key) => {
    pinned.set(host, key);
  },
};

const world = new SshWorld({
  logIn: {
    username: "root",
    credentials: { privateKey },
    port: job.port,
    become: { method: "none" },
    hostKeys: { policy: "acceptNew" },
    jumpHosts: [],
    requiredPorts: [],
    portTimeoutMs: 60_000,
    bypassPortCheck: false,
    connectTimeoutMs: 120_000,
    authTimeoutMs: 120_000,
    commandTimeoutMs: 300_000,
  },
  pins,
  dns: createDns(systemNames(2_000), { timeoutMs: 2_000, signal }),
  lookUpNames: false,
  agent: agentWork,
  flavours: [desired.flavour],
  configurationId: desired.configurationId,
  server: job.server,
  desiredFor: () => desired,
  activation: {
    source: packageSource({
      openPackage: async () => ({ sizeBytes: job.package.sizeBytes, stream: createReadStream(job.packageFile) }),
      putPackage: () => Promise.reject(new Error("a rollout puts no package")),
    }),
    verify: { timeoutMs: 120_000, waitForConnection: true },
    timeouts: { installMs: 600_000 },
  },
  newRunId: () => randomBytes(9).toString("hex"),
  limits: { awayMs: 180_000, attempts: 3 },
  clock: systemClock,
  random: Math.random,
});

await measureJob(async () => {
  let written = 0;
  const { summary, outcomes } = await runRollout({
    targets: job.addresses.map((address) => addressTarget(address, "address")),
    total: job.addresses.length,
    world,
    limits: {
      maxConcurrency: job.inFlight,
      maxHandshakes: job.inFlight,
      maxFailures: 0,
      maxUnreachable: 0,
    },
    retry: { attempts: 3, baseMs: 1_000, capMs: 15_000 },
    clock: systemClock,
    random: Math.random,
    signal,
    journal: async (rows) => {
      written += rows.length;
    },
  });
  if (written !== job.addresses.length)
    throw new Error(`the journal has ${written} of ${job.addresses.length} outcomes`);
  const wrong = [...outcomes.values()].find(({ class: ended }) => ended !== "succeeded" && ended !== "unchanged");
  if (wrong !== undefined) throw new Error(`${wrong.machine}: [${wrong.code}] ${wrong.message}\n${wrong.log ?? ""}`);
  return { installed: summary.succeeded, right: summary.unchanged };
});
