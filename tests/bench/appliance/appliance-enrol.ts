import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { type Bench, inTurn } from "../bench.ts";
import { startDriver } from "./driver.ts";
import { AGENTS, AT_ONCE } from "./fleet-size.ts";
import type { DriverRequest } from "./load-driver.ts";
import { type Pace, paceMeasurements, paceOf } from "./pace.ts";
import { bundlePrograms, type ServerProcess, serveAppliance, serveBare } from "./servers.ts";

const RUNS = 3;
/** New ones in each run. */
const COUNT = AGENTS / 5;

/** How quickly new agents come in. */
export const applianceEnrol: Bench = {
  name: "appliance.enrol",
  description: `${COUNT} new agents enrol with kace serve, each with its key and a token, against TLS handshakes alone with a bare Node server`,
  async run({ runs = RUNS, folder, progress }) {
    progress("bundling");
    const programs = await bundlePrograms(folder);
    const appliance = join(folder, "appliance");
    await mkdir(appliance);
    const served = await serveAppliance(programs, appliance);
    const bare = await serveBare(programs, appliance);
    const measure = async (server: ServerProcess, request: DriverRequest): Promise<Pace> => {
      const driver = startDriver();
      try {
        return await paceOf(server, COUNT, () => driver.ask(request));
      } finally {
        await driver.stop();
      }
    };
    try {
      progress(`${runs} times ${COUNT} of each, ${AT_ONCE} at once`);
      const { ours, yardstick } = await inTurn(runs, 1, {
        ours: () =>
          measure(served, { kind: "connect", port: served.port, count: COUNT, atOnce: AT_ONCE, token: served.token }),
        yardstick: () => measure(bare, { kind: "handshakes", port: bare.port, count: COUNT, atOnce: AT_ONCE }),
      });
      return {
        measurements: paceMeasurements("enrolments, approved and recorded", { ours, yardstick, atLeast: 0.5 }),
      };
    } finally {
      await Promise.all([served.stop(), bare.stop()]);
    }
  },
};
