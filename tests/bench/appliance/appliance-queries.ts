import { stat } from "node:fs/promises";
import { join } from "node:path";
import { type LocalAppliance, openLocal } from "../../../provider/appliance/local/local.ts";
import type { Bench, Measurement } from "../bench.ts";
import { type Clock, DAYS, fillAppliance, kuidOf } from "./filled-appliance.ts";
import { AGENTS } from "./fleet-size.ts";

const RUNS = 5;

/** How large the database of a large appliance is, and how quickly it answers. */
export const applianceQueries: Bench = {
  name: "appliance.queries",
  description: `the database of ${AGENTS} devices with inventories of 20 kB after ${DAYS} days, and what the commands of kace ask of it, in one process`,
  async run({ runs = RUNS, folder, progress }) {
    const clock: Clock = { ms: Date.parse("2027-03-01T00:00:00Z") };
    const place = join(folder, "appliance");
    progress(`filling an appliance with ${AGENTS} devices`);
    const appliance = await openLocal({ folder: place, who: "bench", now: () => clock.ms });
    try {
      await fillAppliance(appliance, { count: AGENTS, clock });
      const measurements: Measurement[] = [];
      for (const [what, ask] of await queriesOf(appliance)) {
        const ours: number[] = [];
        for (let run = -1; run < runs; run += 1) {
          const begin = performance.now();
          await ask();
          if (run >= 0) ours.push(performance.now() - begin);
        }
        measurements.push({ what, unit: "ms", ours, target: { of: "figure", bound: "at most", value: 100 } });
      }
      await appliance.close(); // which writes everything into the one file
      const { size } = await stat(join(place, "appliance.db"));
      return {
        measurements: [
          {
            what: "database",
            unit: "MB",
            ours: [size / 1_000_000],
            target: { of: "figure", bound: "at most", value: 200 },
          },
          ...measurements,
        ],
      };
    } finally {
      await appliance.close();
    }
  },
};

type Query = readonly [what: string, ask: () => Promise<unknown>];

async function queriesOf(appliance: LocalAppliance): Promise<Query[]> {
  const { id } = await appliance.saveLabel({
    name: "one in a hundred",
    filter: { all: [{ property: "hostname", operator: "endsWith", value: "77.bench.example" }] },
  });
  const subject = `device:${kuidOf(5)}`;
  return [
    ["a device by its name", () => appliance.findDevices({ names: ["machine-77"] })],
    ["a page of 1000 devices", () => appliance.findDevices({ limit: 1_000, inventories: false })],
    ["the members of a label by filter", () => appliance.listLabelMembers({ id })],
    ["how many have each label", () => appliance.listLabels({})],
    ["a page of the quarantine", () => appliance.listQuarantine({})],
    ["a page of the history", () => appliance.listHistory({})],
    ["the history of one device", () => appliance.listHistory({ subject })],
    ["the queue of messages", () => appliance.listMessages({})],
    ["how many devices there are", () => appliance.getStatistics({})],
  ];
}
