import { defineConfig } from "vitest/config";

/** Tests that run the real Pulumi CLI. Each starts an engine and several plugins, so few run at once. */
const withRealCli = "tests/**/*.e2e.test.ts";

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
          include: ["tests/**/*.test.ts"],
          exclude: [withRealCli],
          testTimeout: 30_000,
          hookTimeout: 60_000,
          sequence: { groupOrder: 0 },
        },
      },
      {
        extends: true,
        test: {
          name: "e2e",
          include: [withRealCli],
          testTimeout: 120_000,
          hookTimeout: 300_000,
          maxWorkers: 2,
          // A group of its own, so that nothing else takes the processors from the engine meanwhile.
          sequence: { groupOrder: 1 },
        },
      },
    ],
  },
});
