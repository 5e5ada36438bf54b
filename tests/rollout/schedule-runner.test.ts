import { setImmediate } from "node:timers/promises";
import { describe, expect, it, onTestFinished } from "vitest";
import { type LocalAppliance, openLocal } from "../../provider/appliance/local/local.ts";
import type { Clock } from "../../provider/rollout/clock.ts";
import {
  type DueRun,
  type RunEnd,
  ScheduleRunner,
  type ScheduleStore,
} from "../../provider/rollout/schedule-runner.ts";
import { newFolder } from "../appliance/local/folders.ts";
import { until } from "../appliance/server/running.ts";

const START = Date.parse("2027-03-01T08:00:30Z");
const MINUTE_MS = 60_000;

/** A run that was begun, and waits to be told how it ends. */
interface Begun extends DueRun {
  readonly signal: AbortSignal;
  end(how?: RunEnd): void;
  fail(error: Error): void;
}

/** An appliance with a clock of its own, and a runner whose every look is asked for by the test. */
class Scene {
  readonly begun: Begun[] = [];
  readonly lines: string[] = [];
  readonly appliance: LocalAppliance;
  readonly #wall: { now: number };
  #look: (() => void) | undefined;
  #runner: ScheduleRunner | undefined;

  private constructor(appliance: LocalAppliance, wall: { now: number }) {
    this.appliance = appliance;
    this.#wall = wall;
  }

  /** What the clock on the wall shows, to the runner and to the appliance. */
  get nowMs(): number {
    return this.#wall.now;
  }

  set nowMs(ms: number) {
    this.#wall.now = ms;
  }

  static async open(folder = newFolder()): Promise<Scene> {
    const wall = { now: START };
    const appliance = await openLocal({ folder, now: () => wall.now, timezone: "UTC" });
    onTestFinished(() => appliance.close());
    return new Scene(appliance, wall);
  }

  async save(name: string, every = "1 minute", enabled = true): Promise<void> {
    await this.appliance.saveConfiguration({
      id: name,
      name,
      description: { targets: "web01", enabled, schedule: { every } },
      runInputs: "{}",
    });
  }

  start(store: ScheduleStore = this.appliance, maxAtOnce = 2): void {
    const clock: Clock = {
      nowMs: () => this.nowMs,
      after: (_, fire) => {
        this.#look = fire;
        return () => (this.#look = undefined);
      },
    };
    this.#runner = new ScheduleRunner({
      store,
      run: (due, signal) => {
        const { promise, resolve, reject } = Promise.withResolvers<RunEnd>();
        this.begun.push({ ...due, signal, end: (how = ENDED) => resolve(how), fail: reject });
        return promise;
      },
      nowMs: () => this.nowMs,
      clock,
      timezone: "UTC",
      maxAtOnce,
      lookEveryMs: 1_000,
      log: (line) => this.lines.push(line),
    });
    this.#runner.start();
  }

  /** Lets the time of the next look come, and waits until that look is over. */
  async look(): Promise<void> {
    await until("a look is over", () => this.#look !== undefined);
    const look = this.#look;
    this.#look = undefined;
    look?.();
    await until("a look is over", () => this.#look !== undefined);
    await setImmediate();
  }

  async stop(): Promise<void> {
    await this.#runner?.stop();
  }

  /** Waits until so many runs were begun, and gives their names. */
  async names(count: number): Promise<string[]> {
    await until(`${count} runs were begun`, () => this.begun.length >= count);
    return this.begun.map(({ name }) => name);
  }

  run(index: number): Begun {
    const found = this.begun[index];
    if (found === undefined) throw new Error(`run ${index} was not begun`);
    return found;
  }

  async served(name: string): Promise<string | undefined> {
    const { schedules } = await this.appliance.listSchedules({});
    return schedules.find((schedule) => schedule.name === name)?.servedUntil;
  }
}

const ENDED: RunEnd = { kind: "ended", summary: "1 machine: 1 unchanged", reasons: [] };

describe("the runner of schedules", { timeout: 300_000 }, () => {
  it("begins what is due by the clock on the wall, once, and nothing before", async () => {
    const scene = await Scene.open();
    await scene.save("fleet");
    await scene.save("off", "1 minute", false);
    scene.start();
    await scene.look();
    expect(scene.begun).toEqual([]);
    scene.nowMs = Date.parse("2027-03-01T08:01:00Z");
    await scene.look();
    expect(await scene.names(1)).toEqual(["fleet"]);
    expect(scene.run(0)).toMatchObject({ requested: false, organization: "default" });
    scene.run(0).end();
    await until("it is settled", async () => (await scene.served("fleet")) === "2027-03-01T08:01:00.000Z");
    await scene.look();
    expect(scene.begun).toHaveLength(1);
    expect(scene.lines).toEqual([
      'scheduled run of "fleet" begins (due since 2027-03-01T08:01:00.000Z)',
      'scheduled run of "fleet" ended: 1 machine: 1 unchanged',
    ]);
    await scene.stop();
  });

  it("catches up once with all that was missed while nothing ran", async () => {
    const scene = await Scene.open();
    await scene.save("fleet");
    scene.nowMs = START + 3 * 24 * 60 * MINUTE_MS;
    scene.start();
    expect(await scene.names(1)).toEqual(["fleet"]);
    scene.run(0).end();
    await until("it is settled", async () => Date.parse((await scene.served("fleet")) ?? "") === scene.nowMs);
    await scene.look();
    expect(scene.begun).toHaveLength(1);
    await scene.stop();
  });

  it("leaves out what becomes due while the configuration runs", async () => {
    const scene = await Scene.open();
    await scene.save("fleet");
    scene.nowMs = START + MINUTE_MS;
    scene.start();
    await scene.names(1);
    scene.nowMs = START + 10 * MINUTE_MS;
    await scene.look();
    expect(scene.begun).toHaveLength(1);
    scene.run(0).end();
    await until("it is settled", async () => Date.parse((await scene.served("fleet")) ?? "") === scene.nowMs);
    await scene.look();
    expect(scene.begun).toHaveLength(1);
    await scene.stop();
  });

  it("works on so many at once, and begins the next when one has ended, the longest due first", async () => {
    const scene = await Scene.open();
    for (const name of ["a", "b", "c"]) await scene.save(name, name === "c" ? "1 minute" : "2 minutes");
    scene.nowMs = START + 5 * MINUTE_MS;
    scene.start(scene.appliance, 2);
    expect(await scene.names(2)).toEqual(["c", "a"]);
    await scene.look();
    expect(scene.begun).toHaveLength(2);
    scene.run(1).end();
    expect(await scene.names(3)).toEqual(["c", "a", "b"]);
    for (const run of scene.begun) run.end();
    await scene.stop();
  });

  it("says why a run failed, keeps it for the lists, and runs the others", async () => {
    const scene = await Scene.open();
    await scene.save("bad");
    await scene.save("good");
    scene.nowMs = START + MINUTE_MS;
    scene.start();
    await scene.names(2);
    scene.run(0).fail(new Error("the appliance has no bundle b"));
    scene.run(1).end({ kind: "ended", summary: "1 machine: 1 failed", reasons: ["[port-closed] web01: no"] });
    const bad = () => scene.appliance.getConfiguration({ id: "bad" });
    await until("the fault is kept", async () => (await bad()).fault !== undefined);
    expect((await bad()).fault?.message).toBe("the appliance has no bundle b");
    await until("the other is settled", async () => (await scene.served("good")) === (await scene.served("bad")));
    expect(scene.lines).toEqual(
      expect.arrayContaining([
        'scheduled run of "bad" failed: the appliance has no bundle b',
        "  [port-closed] web01: no",
      ]),
    );
    scene.nowMs += MINUTE_MS;
    await scene.look();
    expect(await scene.names(4)).toEqual(["bad", "good", "bad", "good"]);
    for (const run of scene.begun) run.end();
    await scene.stop();
  });

  it("waits for another run of the configuration, saying so once, and then begins", async () => {
    const scene = await Scene.open();
    await scene.save("fleet");
    scene.nowMs = START + MINUTE_MS;
    scene.start();
    for (const index of [0, 1]) {
      await scene.names(index + 1);
      scene.run(index).end({ kind: "busy", message: "ann is at it" });
      await setImmediate();
      await scene.look();
    }
    await scene.names(3);
    scene.run(2).end();
    await until("it is settled", async () => Date.parse((await scene.served("fleet")) ?? "") === scene.nowMs);
    expect(scene.lines.filter((line) => line.includes("ann is at it"))).toHaveLength(1);
    expect(scene.lines.filter((line) => line.includes("begins"))).toHaveLength(1);
    await scene.stop();
  });

  it("is stopped as a run is by Ctrl-C, and what was broken off is due at the next start", async () => {
    const folder = newFolder();
    const scene = await Scene.open(folder);
    await scene.save("fleet");
    scene.nowMs = START + MINUTE_MS;
    scene.start();
    await scene.names(1);
    const stopped = scene.stop();
    expect(scene.run(0).signal.aborted).toBe(true);
    scene.run(0).end({ kind: "cancelled", summary: "1 machine: 1 not attempted", reasons: [] });
    await stopped;
    expect(scene.lines.at(-1)).toContain("is gone on with at the next start");
    scene.start();
    expect(await scene.names(2)).toEqual(["fleet", "fleet"]);
    scene.run(1).end();
    await scene.stop();
  });

  it("has ended where it was through when it was told to stop, and is not due again", async () => {
    const scene = await Scene.open();
    await scene.save("fleet");
    scene.nowMs = START + MINUTE_MS;
    scene.start();
    await scene.names(1);
    const stopped = scene.stop();
    scene.run(0).end();
    await stopped;
    expect(scene.lines.at(-1)).toContain('scheduled run of "fleet" ended');
    expect(Date.parse((await scene.served("fleet")) ?? "")).toBe(scene.nowMs);
  });

  it("begins what was asked for, whatever the schedule says", async () => {
    const scene = await Scene.open();
    await scene.save("fleet", "720 hours");
    scene.start();
    await scene.look();
    expect(scene.begun).toEqual([]);
    await scene.appliance.requestRun({ configurationId: "fleet" });
    await scene.look();
    await scene.names(1);
    expect(scene.run(0)).toMatchObject({ name: "fleet", requested: true });
    scene.run(0).end();
    const asked = async () => (await scene.appliance.getConfiguration({ id: "fleet" })).requestedAt;
    await until("it is settled", async () => (await asked()) === undefined);
    await scene.stop();
  });

  it("goes on when somebody sets the clock back", async () => {
    const scene = await Scene.open();
    scene.nowMs = START + 365 * 24 * 60 * MINUTE_MS;
    await scene.save("fleet");
    scene.nowMs = START;
    scene.start();
    await until("the future is forgotten", async () => Date.parse((await scene.served("fleet")) ?? "") === START);
    scene.nowMs = START + MINUTE_MS;
    await scene.look();
    expect(await scene.names(1)).toEqual(["fleet"]);
    scene.run(0).end();
    await scene.stop();
  });

  it("says once that the store does not answer, and that it does again", async () => {
    const scene = await Scene.open();
    await scene.save("fleet");
    let broken = true;
    scene.start({
      listOrganizations: (input) => scene.appliance.listOrganizations(input),
      listSchedules: async (input) => {
        if (broken) throw new Error("the disk is gone");
        return scene.appliance.listSchedules(input);
      },
      settleSchedule: (input) => scene.appliance.settleSchedule(input),
    });
    await scene.look();
    await scene.look();
    broken = false;
    await scene.look();
    expect(scene.lines).toEqual([
      "looking for scheduled runs failed: the disk is gone",
      "looking for scheduled runs works again",
    ]);
    await scene.stop();
  });
});
