import { type Ending, type Outcome, outcomeOf } from "../../../provider/rollout/outcome.ts";
import { recordingOf } from "../../../provider/rollout/results.ts";
import { noCounts, summaryOf } from "../../../provider/rollout/summary.ts";
import type { Bench } from "../bench.ts";

const MANY = 20_000;

/** How large the state becomes: a function of the fleet alone, so it is measured once. */
export const rolloutState: Bench = {
  name: "rollout.state",
  description: "what the state keeps of the results, as JSON: of 1,000 machines with long names, and of very many",
  async run() {
    const right = { ...facts, code: "installed", action: "install" } satisfies Ending;
    const wrong = { ...facts, code: "service-not-running", action: "reconfigure" } satisfies Ending;
    return {
      measurements: [
        {
          what: "a machine",
          unit: "bytes",
          ours: [stateBytes(1_000, () => right) / 1_000],
          target: { of: "figure", bound: "at most", value: 300 },
        },
        {
          what: `${MANY} machines, none of them right`,
          unit: "bytes",
          ours: [stateBytes(MANY, () => wrong)],
          target: { of: "figure", bound: "at most", value: 1_000_000 },
        },
        {
          what: `${MANY} machines, all right`,
          unit: "bytes",
          ours: [stateBytes(MANY, () => right)],
          target: { of: "figure", bound: "at most", value: 1_000_000 },
        },
      ],
    };
  },
};

/** As much as is ever known of a machine. */
const facts = {
  name: "web0001.department.corp.example.com",
  address: "192.168.100.200",
  platform: "linux",
  version: "14.1.19",
  server: "kace.department.corp.example.com:443",
  kuid: "0F8FAD5B-D9CB-469F-A165-70867728950E",
} as const;

function stateBytes(machines: number, endingOf: (index: number) => Ending): number {
  const outcomes = new Map<string, Outcome>();
  const counts = noCounts();
  for (let index = 0; index < machines; index += 1) {
    const key = `web${String(index).padStart(5, "0")}.department.corp.example.com`;
    const outcome = outcomeOf(key, { key, name: key }, endingOf(index), 12_345, undefined);
    counts[outcome.class] += 1;
    outcomes.set(key, outcome);
  }
  return Buffer.byteLength(JSON.stringify(recordingOf(outcomes, summaryOf(counts))));
}
