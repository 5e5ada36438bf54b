import { mkdir, writeFile } from "node:fs/promises";
import { delimiter, dirname, join } from "node:path";
import { runOrThrow } from "../../tools/process/run.ts";
import { hermeticEnvironment } from "../../tools/pulumi-cli/environment.ts";
import { obtainPulumi, type Pulumi } from "../../tools/pulumi-cli/obtain.ts";
import { type Bench, inTurn, type Target } from "./bench.ts";
import { itemPassword, itemProperties } from "./item.ts";
import { makePlugin } from "./plugin-folder.ts";
import { buildTwin } from "./twin.ts";

const RESOURCES = 500;
const RUNS_WITH_CHECKPOINTS = 3;
const RUNS_WITHOUT = 5;

const TARGET: Target = { of: "ratio", bound: "at most", value: 1.3 };

/**
 * What a deployment takes, with the real CLI. Most of it is the engine's own: it writes the whole state after every
 * step. Without that, which is not how people deploy, the share of the providers is larger and their difference plain.
 */
export const kitUp: Bench = {
  name: "kit.up",
  description: `pulumi up of ${RESOURCES} resources, against the same provider written with pulumi-go-provider`,
  async run({ runs, folder, progress }) {
    const pulumi = await obtainPulumi({ say: progress });
    const twin = await buildTwin(progress);
    progress("bundling");
    const ours = dirname(await makePlugin("provider-main.ts", join(folder, "plugin"), "bench"));

    let count = 0;
    const up = (plugin: string, environment: NodeJS.ProcessEnv) => async () => {
      count += 1;
      const seconds = await deploy({ pulumi, plugin, environment, folder: join(folder, `up-${count}`) });
      progress(`${plugin === twin ? "twin" : "ours"}: ${seconds.toFixed(1)} s`);
      return seconds;
    };
    const both = (environment: NodeJS.ProcessEnv) => ({
      ours: up(ours, environment),
      yardstick: up(twin, environment),
    });
    progress("`pulumi up` without saving the state after every step");
    const without = await inTurn(runs ?? RUNS_WITHOUT, 1, both(WITHOUT_CHECKPOINTS));
    progress("`pulumi up`: a minute or more each");
    const usual = await inTurn(runs ?? RUNS_WITH_CHECKPOINTS, 0, both({}));
    return {
      measurements: [
        { what: `pulumi up of ${RESOURCES} resources`, unit: "s", ...usual, target: TARGET },
        { what: "the same, state saved once at the end", unit: "s", ...without },
      ],
    };
  },
};

const WITHOUT_CHECKPOINTS = { PULUMI_EXPERIMENTAL: "true", PULUMI_SKIP_CHECKPOINTS: "true" };

interface Deployment {
  readonly pulumi: Pulumi;
  /** The folder of the plugin. */
  readonly plugin: string;
  readonly environment: NodeJS.ProcessEnv;
  /** For the program, the state and everything else that the run writes. */
  readonly folder: string;
}

/** One deployment of a new stack on a new backend; returns the seconds it took. */
async function deploy({ pulumi, plugin, environment, folder }: Deployment): Promise<number> {
  const backend = join(folder, "state");
  await mkdir(backend, { recursive: true });
  // JSON is YAML.
  await writeFile(join(folder, "Pulumi.yaml"), JSON.stringify(program(plugin)));
  const hermetic = hermeticEnvironment({ command: pulumi.command, home: join(folder, "home"), backend });
  const path = [dirname(process.execPath), hermetic.PATH].join(delimiter); // plugins of ours run on this Node
  const run = (...args: string[]) =>
    runOrThrow({ program: pulumi.command, args, cwd: folder, env: { ...hermetic, ...environment, PATH: path } });
  await run("stack", "init", "bench");
  const begin = performance.now();
  await run("up", "--yes", "--non-interactive", "--stack", "bench");
  return (performance.now() - begin) / 1_000;
}

function program(plugin: string): object {
  const resources: Record<string, object> = {};
  for (let number = 0; number < RESOURCES; number += 1) {
    const password = { "fn::secret": itemPassword(number) };
    resources[`item${number}`] = { type: "bench:Item", properties: { ...itemProperties(number), password } };
  }
  return { name: "bench", runtime: "yaml", plugins: { providers: [{ name: "bench", path: plugin }] }, resources };
}
