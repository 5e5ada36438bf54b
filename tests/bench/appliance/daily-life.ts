import type { Appliance } from "../../../provider/appliance/appliance.ts";
import type { NewOutcome } from "../../../provider/appliance/operations/outcomes.ts";
import { inPortions, kuidOf } from "./bench-devices.ts";
import { randomOf } from "./sample-inventory.ts";

/** So many outcomes the journal of a run writes together. */
const JOURNAL = 100;

/** So many reports of agents a server writes together. */
const REPORTS = 1_000;

/** The configuration that is run every day. */
export const CONFIGURATION = "configuration-0123456789abcdef0123";

/**
 * A run of every machine, as a schedule does one every day, with the step log of an installation on each: more than most
 * days bring, which find everything as it is and leave no log.
 */
export async function dailyRun(appliance: Appliance, count: number, day: number): Promise<void> {
  const { runId } = await appliance.startRun({
    configurationId: CONFIGURATION,
    kind: "scheduled",
    holder: "kace serve",
    leaseSeconds: 3_600,
  });
  await inPortions(
    count / JOURNAL,
    async (portion) => {
      const outcomes = Array.from({ length: JOURNAL }, (_, index) => outcomeOf(portion * JOURNAL + index, day));
      await appliance.recordOutcomes({ runId, outcomes });
    },
    1,
  );
  const none = { unchanged: 0, removed: 0, absent: 0, unreachable: 0, failed: 0, notAttempted: 0 };
  await appliance.finishRun({ runId, summary: { total: count, succeeded: count, ...none, percentSucceeded: 100 } });
}

function outcomeOf(number: number, day: number): NewOutcome {
  const hostname = `machine-${number}.bench.example`;
  return {
    machine: hostname,
    target: hostname,
    name: hostname,
    address: `10.${number >> 16}.${(number >> 8) & 255}.${number & 255}`,
    action: "install",
    class: "succeeded",
    code: "installed",
    message: "the agent is installed, runs and is connected",
    version: "1.4.2",
    server: "kbox.corp.example",
    platform: "linux",
    kuid: kuidOf(number),
    durationMs: 2_000 + Math.floor(randomOf(number * 31 + day)() * 3_000),
    log: installationLog(number, day),
  };
}

/** 1.5 kB, of which the times, the process and what the machine had before differ on each machine and each day. */
function installationLog(number: number, day: number): string {
  const random = randomOf(number * 31 + day + 7);
  const below = (limit: number) => Math.floor(random() * limit);
  const files = 20_000 + below(60_000);
  const at = () => `[${(random() * 4).toFixed(3)} s]`;
  return [
    `${at()} logged in as deploy by publickey; becomes root by sudo`,
    `${at()} Debian GNU/Linux 12 (bookworm), x86_64, ${below(900)} MB free in /var, clock off by ${below(900)} ms`,
    `${at()} kbox.corp.example:8443 answers from the machine after ${below(40)} ms, TLSv1.3`,
    `${at()} 8231424 bytes put into /var/tmp/kace-${below(1e9).toString(36)}/pulumi-kace-agent_1.4.2_amd64.deb, sha256 is right`,
    "Selecting previously unselected package pulumi-kace-agent.",
    `(Reading database ... ${files} files and directories currently installed.)`,
    "Preparing to unpack .../pulumi-kace-agent_1.4.2_amd64.deb ...",
    "Unpacking pulumi-kace-agent (1.4.2) over (1.4.1) ...",
    "Setting up pulumi-kace-agent (1.4.2) ...",
    "Created symlink /etc/systemd/system/multi-user.target.wants/pulumi-kace-agent.service -> /lib/systemd/system/pulumi-kace-agent.service.",
    `${at()} configuration written: host kbox.corp.example, port 8443, token given, authority pinned`,
    `${at()} pulumi-kace-agent.service is active, main process ${1_000 + below(60_000)}`,
    `${at()} the agent says it is connected to kbox.corp.example as ${kuidOf(number)}`,
    `${at()} the server knows it: approved, connected since 2027-03-${String(day + 1).padStart(2, "0")}T03:40:${String(below(60)).padStart(2, "0")}Z`,
    `${at()} /var/tmp/kace-${below(1e9).toString(36)} removed`,
  ].join("\n");
}

/** A script for every machine, each of which says 600 bytes and ends well. */
export async function weeklyScript(appliance: Appliance, count: number, week: number): Promise<void> {
  const kuids = Array.from({ length: count }, (_, number) => kuidOf(number));
  const { tasks } = await appliance.queueTasks({
    kuids,
    type: "script",
    payload: { script: `#!/bin/sh\n# week ${week}\nset -eu\napt-get -qq update\napt-get -s upgrade | tail -n 20\n` },
  });
  await inPortions(
    count / REPORTS,
    async (portion) => {
      const some = tasks.slice(portion * REPORTS, (portion + 1) * REPORTS);
      await appliance.recordTasks({ tasks: some.map(({ id, kuid }) => ({ id, kuid, status: "started" as const })) });
      await appliance.recordTasks({
        tasks: some.map(({ id, kuid }, index) => ({
          id,
          kuid,
          status: "completed" as const,
          exitCode: 0,
          runMs: 900 + index,
          output: scriptOutput(portion * REPORTS + index, week),
        })),
      });
    },
    1,
  );
}

function scriptOutput(number: number, week: number): string {
  const random = randomOf(number * 17 + week);
  const below = (limit: number) => Math.floor(random() * limit);
  const names = ["libssl3", "openssl", "curl", "libcurl4", "tzdata", "base-files", "linux-image-amd64", "sudo"];
  const lines = Array.from({ length: 8 }, () => {
    const name = names[below(names.length)];
    return `Inst ${name} [3.0.${below(20)}-1~deb12u${below(9)}] (3.0.${below(20)}-1~deb12u${below(9)} Debian:12.${below(9)})`;
  });
  return lines.join("\n");
}
