import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import * as grpc from "@grpc/grpc-js";
import { provider } from "../../provider/kace.ts";
import { Empty, ResourceProviderClient } from "../../provider/kit/pulumi/proto.ts";
import { schemaOf } from "../../provider/kit/pulumi/schema.ts";
import { type Bench, inTurn, type Measurement } from "./bench.ts";
import { makePlugin } from "./plugin-folder.ts";
import { processorMs, residentMegabytes, startPlugin } from "./plugin-process.ts";

const RUNS = 15;

/** How long the plugin takes until the engine can talk to it, and what it weighs then. */
export const kitStart: Bench = {
  name: "kit.start",
  description: "the bundled plugin against a bare gRPC server with the same schema",
  async run({ runs = RUNS, folder, progress }) {
    progress("bundling");
    const plugin = await makePlugin("../../provider/main.ts", join(folder, "plugin"), "ours");
    const bare = await makePlugin("bare-server.ts", join(folder, "bare"), "bare");
    const schema = join(folder, "schema.json");
    await writeFile(schema, JSON.stringify(schemaOf(provider)));

    progress(`${runs} starts of each`);
    // Plugins keep what they compiled for their next start; the runs that are not counted fill that cache.
    const environment = { XDG_CACHE_HOME: join(folder, "cache"), BENCH_SCHEMA: schema };
    const { ours, yardstick } = await inTurn(runs, 2, {
      ours: () => start(plugin, environment),
      yardstick: () => start(bare, environment),
    });
    const both = (of: "startMs" | "processorMs" | "megabytes") => ({
      ours: ours.flatMap((run) => run[of] ?? []),
      yardstick: yardstick.flatMap((run) => run[of] ?? []),
    });
    const startToPort: Measurement = {
      what: "start to port",
      unit: "ms",
      ...both("startMs"),
      target: { of: "ratio", bound: "at most", value: 2 },
    };
    const processor: Measurement = { what: "processor time until then", unit: "ms", ...both("processorMs") };
    const memory: Measurement = {
      what: "memory after the first call",
      unit: "MB",
      ...both("megabytes"),
      target: { of: "figure", bound: "at most", value: 90 },
    };
    if (memory.ours.length > 0) return { measurements: [startToPort, processor, memory] };
    return {
      measurements: [startToPort],
      notes: ["Memory and processor time are not measured on this system: they are read from /proc."],
    };
  },
};

async function start(program: string, environment: Readonly<Record<string, string>>) {
  const plugin = await startPlugin([program], environment);
  try {
    const used = await processorMs(plugin.pid);
    await askVersion(plugin.port);
    return { startMs: plugin.startMs, processorMs: used, megabytes: await residentMegabytes(plugin.pid) };
  } finally {
    await plugin.stop();
  }
}

/** One call: what is loaded only when first needed is then loaded. */
async function askVersion(port: number): Promise<void> {
  const client = new ResourceProviderClient(`127.0.0.1:${port}`, grpc.credentials.createInsecure());
  await new Promise<void>((resolve, reject) => {
    client.getPluginInfo(new Empty(), (error) => (error === null ? resolve() : reject(error)));
  });
  client.close();
}
