import { type Bench, inTurn, type Measurement } from "../bench.ts";
import { Fleet, type Program } from "./fleet.ts";

const SIZES = [
  { hosts: 100, usually: 7 },
  { hosts: 400, usually: 3 },
] as const;

/** What the engine adds to looking at machines that are right. */
export const rolloutNoop: Bench = {
  name: "rollout.noop",
  description:
    "100 and 400 machines that are right, each really looked at, against a bare ssh2 loop with the same probe",
  async run({ runs, folder, progress }) {
    const measurements: Measurement[] = [];
    const fleet = await Fleet.up(400, folder, progress);
    try {
      progress("the machines are made right");
      await fleet.work("engine-loop.ts", 400);
      const look = async (program: Program, hosts: number) => {
        const figures = await fleet.work(program, hosts);
        if (figures.right !== hosts) throw new Error(`${program} found ${figures.right} of ${hosts} right`);
        return figures;
      };
      for (const { hosts, usually } of SIZES) {
        progress(`${hosts} hosts`);
        const { ours, yardstick } = await inTurn(runs ?? usually, hosts === 100 ? 1 : 0, {
          ours: () => look("engine-loop.ts", hosts),
          yardstick: () => look("bare-loop.ts", hosts),
        });
        measurements.push(
          {
            what: `a look at ${hosts} machines`,
            unit: "s",
            ours: ours.map(({ wallMs }) => wallMs / 1_000),
            yardstick: yardstick.map(({ wallMs }) => wallMs / 1_000),
            target: { of: "ratio", bound: "at most", value: 1.15 },
          },
          {
            what: `controller's processor time a machine, of ${hosts}`,
            unit: "ms",
            ours: ours.map(({ processorMs }) => processorMs / hosts),
            yardstick: yardstick.map(({ processorMs }) => processorMs / hosts),
            target: { of: "ratio", bound: "at most", value: 1.4 },
          },
        );
      }
    } finally {
      await fleet.down();
    }
    return { measurements };
  },
};
