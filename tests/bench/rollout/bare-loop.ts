import { randomBytes } from "node:crypto";
import { readFileSync } from "node:fs";
import ssh2 from "ssh2";
import { activationVariables } from "../../../provider/agent/activation-variables.ts";
import { probeVariables } from "../../../provider/agent/look.ts";
import { activateScript, probeScript } from "../../../provider/agent/scripts.ts";
import { readerCommand } from "../../../provider/machines/posix/command.ts";
import { envelope } from "../../../provider/machines/posix/envelope.ts";
import { desiredOf, measureJob, readJob } from "./job.ts";

/*
 * The yardstick: what anybody would write who has these scripts and the SSH library. It runs the probe, runs the
 * installation where the version is another one, and believes what they say. It tries nothing again, writes nothing
 * down, tells nobody anything, and the first thing that goes wrong ends it.
 */

const job = readJob();
const desired = desiredOf(job);
const privateKey = readFileSync(job.privateKeyFile);
const payload = readFileSync(job.packageFile);
const commandLine = readerCommand(false, { method: "none" }).line;

const look = probeScript([desired.flavour.script]);
const lookVariables = probeVariables({ flavours: [desired.flavour], server: desired.server });
const install = activateScript();
const installVariables = activationVariables(
  {
    action: "install",
    steps: [job.package],
    reason: "",
    remarks: [],
    writes: true,
    adopts: false,
    sweeps: false,
    receipt: {
      configurationId: desired.configurationId,
      flavour: desired.flavour.name,
      version: job.package.version,
      packageSha256: job.package.sha256,
      packageFormat: job.package.format,
      adopted: false,
    },
  },
  { package: job.package, final: true },
  {
    desired,
    source: () => {
      throw new Error("the loop sends the package itself");
    },
    verify: { timeoutMs: 120_000, waitForConnection: true },
    timeouts: { installMs: 600_000 },
    runId: "bare",
  },
);

const counts = { installed: 0, right: 0 };
await measureJob(async () => {
  const waiting = job.addresses[Symbol.iterator]();
  const lane = async () => {
    for (const address of waiting) await bringUp(address);
  };
  await Promise.all(Array.from({ length: job.inFlight }, lane));
  return counts;
});

async function bringUp(address: string): Promise<void> {
  const client = await connect(address);
  const seen = await runScript(client, look, lookVariables);
  if (seen.includes(`::kace agent.bench.version=${job.package.version}\n`)) counts.right += 1;
  else {
    const runId = randomBytes(9).toString("hex");
    const said = await runScript(client, install, { ...installVariables, PK_RUN: runId }, payload);
    if (!said.includes("::kace completed=install\n")) throw new Error(`${address} was not installed:\n${said}`);
    counts.installed += 1;
  }
  await disconnect(client);
}

function connect(address: string): Promise<ssh2.Client> {
  return new Promise((resolve, reject) => {
    const client = new ssh2.Client();
    client.once("ready", () => resolve(client)).on("error", reject);
    client.connect({ host: address, port: job.port, username: "root", privateKey, readyTimeout: 0 });
  });
}

function runScript(
  client: ssh2.Client,
  script: string,
  variables: Readonly<Record<string, string>>,
  bytes?: Buffer,
): Promise<string> {
  return new Promise((resolve, reject) => {
    client.exec(commandLine, (error, channel) => {
      if (error !== undefined) return reject(error);
      let output = "";
      channel.on("data", (chunk: Buffer) => {
        output += chunk.toString();
      });
      channel.stderr.resume();
      channel.once("close", () => resolve(output));
      channel.write(envelope(script, variables, randomBytes(8).toString("hex")));
      channel.end(bytes);
    });
  });
}

function disconnect(client: ssh2.Client): Promise<void> {
  return new Promise((resolve) => {
    client.once("close", () => resolve());
    client.end();
  });
}
