import { availableParallelism } from "node:os";
import { defineConfig } from "vitest/config";

/** Tests that run the real Pulumi CLI. Each starts an engine and several plugins, so few run at once. */
const withRealCli = "tests/**/*.e2e.test.ts";

/** Tests on real hosts. They need root; their hosts are heavy, so one file runs at a time. */
const withRealHosts = "tests/**/*.lab.test.ts";

// The limits below only end what hangs: how fast things are is measured by the benchmarks, and a machine may be busy.
export default defineConfig({
  test: {
    pool: "forks",
    reporters: ["default", "json"],
    outputFile: { json: "test-results/vitest.json" },
    projects: [
      {
        extends: true,
        test: {
          name: "unit",
          setupFiles: ["tests/random-seed.ts"],
          include: ["tests/**/*.test.ts"],
          exclude: [withRealCli, withRealHosts],
          // By itself Vitest leaves one processor alone, which on a small machine is half of them.
          maxWorkers: Math.max(2, availableParallelism()),
          testTimeout: 120_000,
          hookTimeout: 240_000,
          sequence: { groupOrder: 1 },
        },
      },
      {
        extends: true,
        test: {
          name: "e2e",
          include: [withRealCli],
          testTimeout: 300_000,
          hookTimeout: 600_000,
          maxWorkers: 2,
          // A group of its own, so that nothing else takes the processors from the engine meanwhile.
          sequence: { groupOrder: 2 },
        },
      },
      {
        extends: true,
        test: {
          name: "lab",
          include: [withRealHosts],
          testTimeout: 300_000,
          hookTimeout: 600_000,
          fileParallelism: false,
          maxWorkers: 1,
          sequence: { groupOrder: 3 },
        },
      },
    ],
  },
});
