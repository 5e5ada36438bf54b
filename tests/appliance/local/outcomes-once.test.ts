import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { describe, expect, it } from "vitest";
import type { Appliance } from "../../../provider/appliance/appliance.ts";
import { migrations } from "../../../provider/appliance/local/migrations.ts";
import type { NewOutcome } from "../../../provider/appliance/operations/outcomes.ts";
import { newFolder, openedIn } from "./folders.ts";

const SUMMARY = {
  total: 1,
  succeeded: 1,
  unchanged: 0,
  removed: 0,
  absent: 0,
  unreachable: 0,
  failed: 0,
  notAttempted: 0,
  percentSucceeded: 100,
};

/** Runs are known until there are so many later ones. */
const RUNS_KEPT = 50;

function outcomeOf(machine: string, more: Partial<NewOutcome> = {}): NewOutcome {
  const said = { action: "none", class: "unchanged", code: "up-to-date", message: "runs and is connected" } as const;
  return { machine, target: machine, ...said, durationMs: 7, ...more };
}

async function runOf(appliance: Appliance, ...batches: readonly (readonly NewOutcome[])[]): Promise<string> {
  const { runId } = await appliance.startRun({ configurationId: "fleet", kind: "scheduled", holder: "test" });
  for (const outcomes of batches) await appliance.recordOutcomes({ runId, outcomes: [...outcomes] });
  await appliance.finishRun({ runId, summary: SUMMARY });
  return runId;
}

async function withFleet(): Promise<{ readonly folder: string; readonly appliance: Appliance }> {
  const folder = newFolder();
  const appliance = await openedIn(folder);
  await appliance.saveConfiguration({ id: "fleet", name: "fleet", description: { targets: "10.0.0.1-9" } });
  return { folder, appliance };
}

function countOf(folder: string, table: string): unknown {
  const database = new DatabaseSync(join(folder, "appliance.db"));
  try {
    return database.prepare(`SELECT count(*) AS n FROM ${table}`).get()?.n;
  } finally {
    database.close();
  }
}

describe("outcomes in a local appliance", () => {
  it("that say the same in every run are kept once, each run with its own time and log", async () => {
    const { folder, appliance } = await withFleet();
    const first = await runOf(appliance, [outcomeOf("web01", { log: "one" }), outcomeOf("web02")]);
    const second = await runOf(appliance, [outcomeOf("web01", { durationMs: 9, log: "two" }), outcomeOf("web02")]);
    expect(countOf(folder, "outcome_facts")).toBe(2);
    const { outcomes } = await appliance.listOutcomes({ runId: first });
    expect(outcomes).toMatchObject([
      { machine: "web01", message: "runs and is connected", durationMs: 7, hasLog: true, runId: first },
      { machine: "web02", hasLog: false },
    ]);
    expect((await appliance.listOutcomes({})).outcomes).toMatchObject([
      { machine: "web01", durationMs: 9, runId: second },
      { machine: "web02", runId: second },
    ]);
    const logOf = (runId?: string) => appliance.outcomeLog({ configurationId: "fleet", machine: "web01", runId });
    expect(await logOf(first)).toMatchObject({ runId: first, log: "one" });
    expect(await logOf()).toMatchObject({ runId: second, log: "two" });
    await runOf(appliance, [outcomeOf("web01", { class: "failed", code: "install-failed" })]);
    expect(countOf(folder, "outcome_facts")).toBe(3);
  });

  it("that are replaced within their run leave nothing of what they said before", async () => {
    const { folder, appliance } = await withFleet();
    const runId = await runOf(appliance, [outcomeOf("web01", { message: "tries", log: "old" })], [outcomeOf("web01")]);
    expect(countOf(folder, "outcome_facts")).toBe(1);
    expect((await appliance.listOutcomes({ runId })).outcomes).toMatchObject([
      { message: "runs and is connected", hasLog: false },
    ]);
    expect(await appliance.outcomeLog({ configurationId: "fleet", machine: "web01" })).toBeNull();
  });

  it("have long logs that are compressed together, and every one is found", async () => {
    const { folder, appliance } = await withFleet();
    // The name of one is what objects inherit from, and two are longer than what is put together.
    const machines = [...Array.from({ length: 30 }, (_, index) => `web${index}`), "__proto__"];
    const logOf = (machine: string) => `${machine} says\n${"Setting up the agent ...\n".repeat(2_000)}`;
    await runOf(
      appliance,
      machines.map((machine) => outcomeOf(machine, { log: logOf(machine) })),
    );
    for (const machine of machines)
      expect((await appliance.outcomeLog({ configurationId: "fleet", machine }))?.log).toBe(logOf(machine));
    expect(Number(countOf(folder, "outcome_log_packs"))).toBeLessThan(machines.length / 2);
  });

  it("are forgotten with their runs, but for the latest of a machine and its log", async () => {
    const { folder, appliance } = await withFleet();
    const first = await runOf(
      appliance,
      [outcomeOf("gone", { log: "the last of it" })],
      [outcomeOf("web01", { message: "as it was once", log: "of long ago" })],
    );
    for (let run = 0; run < RUNS_KEPT; run += 1) await runOf(appliance, [outcomeOf("web01")]);
    expect((await appliance.listOutcomes({ runId: first })).outcomes).toMatchObject([{ machine: "gone" }]);
    expect(await appliance.outcomeLog({ configurationId: "fleet", machine: "gone" })).toMatchObject({
      log: "the last of it",
    });
    expect(await appliance.outcomeLog({ configurationId: "fleet", machine: "web01" })).toBeNull();
    expect(countOf(folder, "outcomes")).toBe(RUNS_KEPT + 1);
    expect(countOf(folder, "outcome_facts")).toBe(2);
    expect(countOf(folder, "outcome_log_packs")).toBe(1);
  });

  it("go with their configuration", async () => {
    const { folder, appliance } = await withFleet();
    await runOf(appliance, [outcomeOf("web01", { log: "one" })]);
    await appliance.deleteConfiguration({ id: "fleet" });
    for (const table of ["outcome_machines", "outcome_facts", "outcomes", "outcome_log_packs"])
      expect([table, countOf(folder, table)]).toEqual([table, 0]);
  });

  it("are kept, with their logs, by the migration that keeps them once", async () => {
    const folder = newFolder();
    const before = await openedIn(folder, { migrations: migrations.filter(({ number }) => number < 14) });
    await before.close();
    const database = new DatabaseSync(join(folder, "appliance.db"));
    database.exec(
      `INSERT INTO configurations (id, organization, name, description, created_at, updated_at)
       VALUES ('fleet', 'default', 'fleet', '{"targets":"10.0.0.1-9"}', 1, 1)`,
    );
    const run = database.prepare(
      "INSERT INTO runs (id, configuration_id, kind, state, holder, started_at, lease_until) VALUES (?, 'fleet', 'up', 'finished', 'test', 1, 1)",
    );
    const outcome = database.prepare(
      `INSERT INTO outcomes (run_number, machine, configuration_id, latest, target, name, action, class, code, message, duration_ms, has_log, recorded_at)
       VALUES (?, ?, 'fleet', ?, '10.0.0.1-9', ?, 'none', 'unchanged', 'up-to-date', 'runs', ?, ?, ?)`,
    );
    const log = database.prepare("INSERT INTO outcome_logs (run_number, machine, log) VALUES (?, ?, ?)");
    for (const number of [1, 2]) {
      run.run(`run-${number}`);
      outcome.run(number, "web01", number - 1, "web01.example", number, 1, 1_000 * number);
      outcome.run(number, "web02", number - 1, null, number, 0, 1_000 * number);
      log.run(number, "web01", `log "${number}"`);
    }
    database.close();
    const appliance = await openedIn(folder);
    expect(countOf(folder, "outcome_facts")).toBe(2);
    expect((await appliance.listOutcomes({ runId: "run-1" })).outcomes).toMatchObject([
      { machine: "web01", name: "web01.example", durationMs: 1, hasLog: true, recordedAt: "1970-01-01T00:00:01.000Z" },
      { machine: "web02", target: "10.0.0.1-9", durationMs: 1, hasLog: false },
    ]);
    expect((await appliance.listOutcomes({})).outcomes.map(({ runId }) => runId)).toEqual(["run-2", "run-2"]);
    const logOf = (runId: string) => appliance.outcomeLog({ configurationId: "fleet", machine: "web01", runId });
    expect([(await logOf("run-1"))?.log, (await logOf("run-2"))?.log]).toEqual(['log "1"', 'log "2"']);
    await runOf(appliance, [outcomeOf("web01")]);
    expect((await appliance.listOutcomes({ machine: "web01" })).outcomes).toMatchObject([{ code: "up-to-date" }]);
  });
});
