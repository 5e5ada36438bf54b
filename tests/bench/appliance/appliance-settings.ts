import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import type { Input } from "../../../provider/appliance/appliance.ts";
import { openLocal } from "../../../provider/appliance/local/local.ts";
import { MAX_TASK_THROUGHPUT } from "../../../provider/appliance/operations/settings-limits.ts";
import type { Bench } from "../bench.ts";
import { startDriver } from "./driver.ts";
import { AGENTS, AT_ONCE, HEARTBEAT_MS } from "./fleet-size.ts";
import type { Reply } from "./load-driver.ts";
import { bundlePrograms, serveAppliance } from "./servers.ts";

const RUNS = 3;
/** Whoever has not heard by then is counted as missing. */
const PATIENCE_MS = 300_000;

/** How long it takes until all agents know something. */
export const applianceSettings: Bench = {
  name: "appliance.settings",
  description: `a change of the settings, a message to all and a task for each, by another process than kace serve, until the last of ${AGENTS} connected agents has it`,
  async run({ runs = RUNS, folder, progress }) {
    progress("bundling");
    const programs = await bundlePrograms(folder);
    const place = join(folder, "appliance");
    await mkdir(place);
    const { port, token, stop } = await serveAppliance(programs, place);
    const driver = startDriver();
    // Tasks may only come more quickly where the load allows it, which it does not beside the driver of a bench.
    const appliance = await openLocal({ folder: place, who: "bench", loadAverage: () => 0 });
    try {
      progress(`connecting ${AGENTS} agents`);
      // From the first on: connecting all takes longer than the server waits for one that is silent.
      await driver.ask({ kind: "beat", everyMs: HEARTBEAT_MS });
      await driver.ask({ kind: "connect", port, count: AGENTS, atOnce: AT_ONCE, token });
      /** Seconds from before the change is made until the last agent has heard of it. */
      const secondsUntilHeard = async (type: string, change: () => Promise<unknown>, reply?: Reply) => {
        await driver.ask({ kind: "listen", type, ...(reply !== undefined && { reply }) });
        const begin = Date.now();
        await change();
        const { at, heard } = await driver.ask({ kind: "all-heard", withinMs: PATIENCE_MS });
        if (heard < AGENTS) throw new Error(`only ${heard} of ${AGENTS} agents heard of it`);
        return (at - begin) / 1_000;
      };
      const kuids = await kuidsOf(appliance);
      const settings: number[] = [];
      const messages: number[] = [];
      const alerts: number[] = [];
      const inventories: number[] = [];
      await appliance.updateSettings({ taskThroughput: MAX_TASK_THROUGHPUT });
      for (let run = 0; run < runs; run += 1) {
        const splashText = `run ${run}`;
        settings.push(await secondsUntilHeard("settings", () => appliance.updateSettings({ splashText })));
        const alert = { type: "alert", payload: `run ${run}`, kuids } as const;
        messages.push(await secondsUntilHeard("message", () => appliance.sendMessage(alert), "message-status"));
        const task = (order: Pick<Input<"queueTasks">, "type" | "payload">) =>
          secondsUntilHeard("task", () => appliance.queueTasks({ kuids, ...order }), "task-status");
        alerts.push(await task({ type: "alert", payload: { text: `run ${run}` } }));
        inventories.push(await task({ type: "inventory" }));
        progress(
          `run ${run + 1}: settings ${settings.at(-1)?.toFixed(1)} s, messages ${messages.at(-1)?.toFixed(1)} s, alerts ${alerts.at(-1)?.toFixed(1)} s, inventories ${inventories.at(-1)?.toFixed(1)} s`,
        );
      }
      return {
        measurements: [
          {
            what: `settings, at ${AGENTS} agents`,
            unit: "s",
            ours: settings,
            target: { of: "figure", bound: "at most", value: 10 },
          },
          {
            what: `a message, at ${AGENTS} agents`,
            unit: "s",
            ours: messages,
            target: { of: "figure", bound: "at most", value: 15 },
          },
          {
            what: `a task that shows a text, at ${AGENTS} agents`,
            unit: "s",
            ours: alerts,
            target: { of: "figure", bound: "at most", value: 15 },
          },
          {
            what: `a task of the throughput (${MAX_TASK_THROUGHPUT} at once), at ${AGENTS} agents`,
            unit: "s",
            ours: inventories,
            target: { of: "figure", bound: "at most", value: 15 },
          },
        ],
      };
    } finally {
      await appliance.close();
      await driver.stop();
      await stop();
    }
  },
};

async function kuidsOf(appliance: Awaited<ReturnType<typeof openLocal>>): Promise<string[]> {
  const kuids: string[] = [];
  let after: string | undefined;
  do {
    const { devices, next } = await appliance.findDevices({ limit: 1_000, after });
    kuids.push(...devices.map(({ kuid }) => kuid));
    after = next;
  } while (after !== undefined);
  return kuids;
}
