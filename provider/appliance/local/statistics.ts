import type { statisticsOperations } from "../operations/statistics.ts";
import type { HandlersOf } from "./handlers.ts";
import { build } from "./query.ts";

export const statisticsHandlers: HandlersOf<typeof statisticsOperations> = {
  getStatistics: (tx) => ({
    devices: tx.queries.all(
      build
        .selectFrom("devices")
        .select((eb) => ["organization", "state", eb.fn.countAll<number>().as("count")])
        .groupBy(["organization", "state"])
        .orderBy("organization")
        .orderBy("state"),
    ),
    runs: tx.queries.all(
      build
        .selectFrom("runs")
        .innerJoin("configurations", "configurations.id", "runs.configuration_id")
        .select((eb) => ["configurations.organization", "runs.state", eb.fn.countAll<number>().as("count")])
        .groupBy(["configurations.organization", "runs.state"])
        .orderBy("configurations.organization")
        .orderBy("runs.state"),
    ),
  }),
};
