import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { type Bench, inTurn } from "../bench.ts";
import { startDriver } from "./driver.ts";
import { AGENTS, AT_ONCE } from "./fleet-size.ts";
import { paceMeasurements, paceOf } from "./pace.ts";
import { bundlePrograms, serveAppliance, serveBare } from "./servers.ts";

const RUNS = 5;
const SENDERS = AGENTS / 20;
/** Inventories in each run. */
const COUNT = (3 * AGENTS) / 10;

/** How quickly inventories are taken in. */
export const applianceCheckin: Bench = {
  name: "appliance.checkin",
  description: `inventories of 20 kB from ${SENDERS} agents, stored on the disk before they are answered, against a bare Node server that sends each back`,
  async run({ runs = RUNS, folder, progress }) {
    progress("bundling");
    const programs = await bundlePrograms(folder);
    const appliance = join(folder, "appliance");
    await mkdir(appliance);
    const served = await serveAppliance(programs, appliance);
    const bare = await serveBare(programs, appliance);
    const drivers = { ours: startDriver(), yardstick: startDriver() };
    try {
      progress(`connecting ${SENDERS} agents to each`);
      const { port, token } = served;
      await drivers.ours.ask({ kind: "connect", port, count: SENDERS, atOnce: AT_ONCE, token });
      await drivers.yardstick.ask({ kind: "connect", port: bare.port, count: SENDERS, atOnce: AT_ONCE });
      progress(`${runs} times ${COUNT} inventories to each, ${AT_ONCE} at once`);
      const request = { kind: "inventories", count: COUNT, atOnce: AT_ONCE } as const;
      const { ours, yardstick } = await inTurn(runs, 1, {
        ours: () => paceOf(served, COUNT, () => drivers.ours.ask(request)),
        yardstick: () => paceOf(bare, COUNT, () => drivers.yardstick.ask(request)),
      });
      return {
        measurements: paceMeasurements("inventories of 20 kB", { ours, yardstick, atLeast: 0.25 }),
      };
    } finally {
      await Promise.all([drivers.ours.stop(), drivers.yardstick.stop()]);
      await Promise.all([served.stop(), bare.stop()]);
    }
  },
};
