import { type Bench, inTurn, type Measurement } from "../bench.ts";
import { Fleet, type Program } from "./fleet.ts";

/** How many hosts, and how often unless something else is asked for. */
const SIZES = [
  { hosts: 100, usually: 5 },
  { hosts: 400, usually: 2 },
] as const;

/** What the engine adds to the work itself, where every machine gets the package. */
export const rolloutInstall: Bench = {
  name: "rollout.install",
  description: "a package of 1 MiB to 100 and to 400 machines, against a bare ssh2 loop with the same scripts",
  async run({ runs, folder, progress }) {
    const measurements: Measurement[] = [];
    const fleet = await Fleet.up(400, folder, progress);
    try {
      const install = async (program: Program, hosts: number) => {
        await fleet.forget(hosts);
        const figures = await fleet.work(program, hosts);
        if (figures.installed !== hosts) throw new Error(`${program} installed ${figures.installed} of ${hosts}`);
        progress(`${program}: ${hosts} hosts in ${(figures.wallMs / 1_000).toFixed(1)} s`);
        return figures;
      };
      for (const { hosts, usually } of SIZES) {
        const { ours, yardstick } = await inTurn(runs ?? usually, hosts === 100 ? 1 : 0, {
          ours: () => install("engine-loop.ts", hosts),
          yardstick: () => install("bare-loop.ts", hosts),
        });
        measurements.push(
          {
            what: `install of ${hosts} machines`,
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
