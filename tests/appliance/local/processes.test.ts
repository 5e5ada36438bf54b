import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { describe, expect, it, onTestFinished } from "vitest";
import { hasEnded, thisProcess } from "../../../provider/appliance/local/process-identity.ts";
import { newFolder, openedIn, refusal } from "./folders.ts";
import { startWriter, type Writer } from "./writers.ts";

const LONG_MS = 300_000;

function integrityOf(folder: string): unknown {
  const database = new DatabaseSync(join(folder, "appliance.db"));
  try {
    return database.prepare("PRAGMA integrity_check").all();
  } finally {
    database.close();
  }
}

/** Waits until a writer has said so many machines. */
async function untilWritten(writer: Writer, count: number): Promise<void> {
  for (let said = 0; said < count; said++) {
    const { done } = await writer.saying.next();
    if (done === true) throw new Error(`the writer ended early: ${(await writer.ended).complaints}`);
  }
}

describe("several processes at one local appliance", () => {
  it("make it together and write at once, and nothing is lost", { timeout: LONG_MS }, async () => {
    const folder = newFolder();
    const names = ["a", "b", "c", "d"];
    const ends = await Promise.all(names.map((name) => startWriter(folder, name, 25).ended));
    expect(ends).toEqual(names.map(() => ({ code: 0, complaints: "" })));
    const appliance = await openedIn(folder);
    for (const name of names) {
      const { outcomes } = await appliance.listOutcomes({ configurationId: name, limit: 1_000 });
      expect(outcomes).toHaveLength(25);
    }
    expect(integrityOf(folder)).toEqual([{ integrity_check: "ok" }]);
  });

  it("see what another has written and then was killed", { timeout: LONG_MS }, async () => {
    const folder = newFolder();
    for (const [round, after] of [1, 4, 9, 13].entries()) {
      const name = `round${round}`;
      const writer = startWriter(folder, name, 100_000);
      await untilWritten(writer, after);
      writer.child.kill("SIGKILL");
      expect((await writer.ended).code).toBeNull();
      const preview = await openedIn(folder, { readOnly: true });
      const seen = await preview.listOutcomes({ configurationId: name, limit: 1_000 });
      const appliance = await openedIn(folder);
      const kept = await appliance.listOutcomes({ configurationId: name, limit: 1_000 });
      expect(seen).toEqual(kept);
      expect(kept.outcomes.map(({ machine }) => machine)).toEqual(expect.arrayContaining([...writer.written]));
      for (const { machine } of kept.outcomes) {
        const stored = await appliance.outcomeLog({ configurationId: name, machine });
        expect(stored?.log).toBe(`${machine} `.repeat(200));
      }
      await appliance.close();
      expect(integrityOf(folder)).toEqual([{ integrity_check: "ok" }]);
    }
  });

  it("take over at once from a run whose process was killed, however long its lease", {
    timeout: LONG_MS,
  }, async () => {
    const folder = newFolder();
    const writer = startWriter(folder, "fleet", 100_000);
    await untilWritten(writer, 1);
    const appliance = await openedIn(folder);
    const run = { configurationId: "fleet", kind: "up", holder: "next" } as const;
    expect((await refusal(appliance.startRun(run))).message).toMatch(/^busy: fleet /);
    writer.child.kill("SIGKILL");
    await writer.ended;
    const known = await appliance.unfinished({ configurationId: "fleet" });
    expect(known.run).toMatchObject({ state: "interrupted", holder: "fleet" });
    expect(known.outcomes.length).toBeGreaterThan(0);
    await appliance.startRun(run);
  });

  it("can tell whether one of them has ended, but not for another host or a reused number", async () => {
    const self = thisProcess();
    expect(hasEnded(self)).toBe(false);
    expect(hasEnded({ ...self, scope: "another host" })).toBeUndefined();
    const child = spawn(process.execPath, ["-e", "setInterval(() => undefined, 1e6)"], { stdio: "ignore" });
    onTestFinished(() => void child.kill("SIGKILL"));
    const ended = once(child, "exit");
    const { pid } = child;
    if (pid === undefined) throw new Error("the process did not start");
    expect(hasEnded({ ...self, pid, start: undefined })).toBe(false);
    if (self.start !== undefined) expect(hasEnded({ ...self, pid, start: "1" })).toBe(true);
    child.kill("SIGKILL");
    await ended;
    expect(hasEnded({ ...self, pid, start: undefined })).toBe(true);
  });
});
