import { join } from "node:path";
import { bundle } from "../../../tools/build/bundle.ts";
import { obtainPulumi } from "../../../tools/pulumi-cli/obtain.ts";
import { type Bench, inTurn } from "../bench.ts";

import { deploy } from "./deployment.ts";
import { Fleet } from "./fleet.ts";

const SMALL = 100;
const LARGE = 400;
const RUNS = 3;
const LARGE_RUNS = 1;

/** What a user waits for: the CLI, the engine, the plugin, the appliance, a preview, and the machines. */
export const rolloutUp: Bench = {
  name: "rollout.up",
  description: `pulumi up of a bundle and ${SMALL} machines, new stack and appliance, against a bare ssh2 loop's whole process`,
  async run({ runs, folder, progress }) {
    const pulumi = await obtainPulumi({ say: progress });
    progress("bundling");
    const plugin = join(folder, "plugin");
    await bundle(plugin);
    const fleet = await Fleet.up(LARGE, folder, progress);
    try {
      let count = 0;
      const up = async (hosts: number, preview: boolean) => {
        count += 1;
        await fleet.forget(hosts);
        const deployed = await deploy({
          pulumi,
          plugin,
          cache: join(folder, "cache"),
          folder: join(folder, `up-${count}`),
          addresses: fleet.addresses(hosts),
          port: 22,
          privateKey: fleet.lab.keys.ed25519.privateKey,
          package: fleet.packageFile,
          server: fleet.server,
          preview,
        });
        progress(`up of ${hosts}${preview ? "" : " without preview"}: ${deployed.seconds.toFixed(1)} s`);
        return deployed;
      };
      const bare = async () => {
        await fleet.forget(SMALL);
        const begin = performance.now();
        await fleet.work("bare-loop.ts", SMALL);
        const seconds = (performance.now() - begin) / 1_000;
        progress(`bare loop: ${seconds.toFixed(1)} s`);
        return { seconds, stateBytesPerMachine: 0 };
      };
      await up(2, false); // what the plugin compiles is kept for its next starts
      const { whole, skipping, yardstick } = await inTurn(runs ?? RUNS, 0, {
        whole: () => up(SMALL, true),
        yardstick: bare,
        skipping: () => up(SMALL, false),
      });
      const { large, small } = await inTurn(runs ?? LARGE_RUNS, 0, {
        large: () => up(LARGE, true),
        small: () => up(SMALL, true),
      });
      const seconds = (deployed: readonly { readonly seconds: number }[]) => deployed.map((one) => one.seconds);
      return {
        measurements: [
          {
            what: `pulumi up of ${SMALL} machines`,
            unit: "s",
            ours: seconds(whole),
            yardstick: seconds(yardstick),
            target: { of: "ratio", bound: "at most", value: 1.6 },
          },
          {
            what: "the same with --skip-preview",
            unit: "s",
            ours: seconds(skipping),
            yardstick: seconds(yardstick),
          },
          {
            what: `pulumi up of ${LARGE} machines, against ${SMALL}`,
            unit: "s",
            ours: seconds(large),
            yardstick: seconds(small),
            target: { of: "ratio", bound: "at most", value: 4.4 },
          },
          {
            what: "state a machine",
            unit: "bytes",
            ours: whole.map(({ stateBytesPerMachine }) => stateBytesPerMachine),
            target: { of: "figure", bound: "at most", value: 300 },
          },
        ],
      };
    } finally {
      await fleet.down();
    }
  },
};
