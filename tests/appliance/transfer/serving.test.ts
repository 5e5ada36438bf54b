import { spawn } from "node:child_process";
import { once } from "node:events";
import { rm } from "node:fs/promises";
import { dirname, join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { fileURLToPath } from "node:url";
import { describe, expect, it, onTestFinished } from "vitest";
import { backUpAppliance } from "../../../provider/appliance/transfer/backup.ts";
import { restoreAppliance } from "../../../provider/appliance/transfer/restore.ts";
import { newFolder, openedIn, refusal } from "../local/folders.ts";
import { startWriter } from "../local/writers.ts";
import { TestAgent } from "../server/agent.ts";
import { startTestServer, until } from "../server/running.ts";
import { fillAll, rowsOf } from "./filled.ts";

const LONG_MS = 600_000;
const who = "ann@ci-7";
const RESTORE = fileURLToPath(new URL("../../../provider/appliance/transfer/restore.ts", import.meta.url));

function integrityOf(folder: string): unknown {
  const database = new DatabaseSync(join(folder, "appliance.db"));
  try {
    return database.prepare("PRAGMA integrity_check").get()?.integrity_check;
  } finally {
    database.close();
  }
}

/** The revision of settings rises with a restore, so that agents are told them again. */
function stateOf(folder: string) {
  return rowsOf(folder, ["agent_settings", "appliance_settings"]);
}

describe("an appliance that is served", { timeout: LONG_MS }, () => {
  it("is backed up and restored while agents are connected, and those it does not know any more are let go", async () => {
    const { folder, port, ca, appliance, remove } = await startTestServer();
    try {
      const path = `${folder}.backup`;
      const token = await appliance.createToken({ name: "berlin" });
      const enrolled = { port, ca, token: token.value };
      const { agent: before } = await TestAgent.enrol(enrolled);
      await appliance.updateSettings({ runIntervalSeconds: 7_200 });
      await backUpAppliance({ folder, path, now: Date.now() });
      onTestFinished(() => rm(path, { force: true }));

      const { agent: after } = await TestAgent.enrol(enrolled);
      await appliance.updateSettings({ runIntervalSeconds: 60 });
      await appliance.setDeviceState({ kuid: before.identity.kuid, state: "blocked" });
      await appliance.createToken({ name: "later" });
      await until("the agent heard that it is blocked", async () => (await before.next("state")).state === "blocked");
      expect(await restoreAppliance({ folder, path, now: Date.now(), who })).toMatchObject({ how: "again" });

      expect((await after.closed).reason).toBe("forgotten");
      await until("the agent heard that it is let in", async () => (await before.next("state")).state === "approved");
      expect(await appliance.getDevice({ kuid: before.identity.kuid })).toMatchObject({ connected: true });
      expect((await refusal(appliance.getDevice({ kuid: after.identity.kuid }))).code).toBe("not-found");
      expect((await appliance.listTokens({})).tokens).toMatchObject([{ name: "berlin", useCount: 1 }]);
      expect((await appliance.getSettings({})).effective.runIntervalSeconds).toBe(7_200);
      expect(await appliance.serverStatus({})).toMatchObject({ running: true, port });
      // What holds now reaches agents as any change does, and new ones come as before.
      await appliance.updateSettings({ runIntervalSeconds: 1_800 });
      await until("the agent heard of a change after it", async () => {
        const { settings } = await before.next("settings");
        return typeof settings === "object" && settings !== null && "runIntervalSeconds" in settings
          ? settings.runIntervalSeconds === 1_800
          : false;
      });
      const { answer } = await TestAgent.enrol(enrolled);
      expect(answer).toMatchObject({ type: "welcome" });
    } finally {
      await remove();
    }
  });

  it("is not restored under a run that is in work", async () => {
    const folder = newFolder();
    const appliance = await openedIn(folder);
    await appliance.saveConfiguration({ id: "c", name: "fleet", description: { targets: "web01" } });
    const path = join(dirname(folder), "backup");
    await backUpAppliance({ folder, path, now: Date.now() });
    const { runId } = await appliance.startRun({ configurationId: "c", kind: "up", holder: "pipeline" });
    const refused = await refusal(restoreAppliance({ folder, path, now: Date.now(), who }));
    expect(refused).toMatchObject({ code: "conflict", message: expect.stringContaining("pipeline is running") });
    expect(await appliance.renewLease({ runId })).toBeDefined();
  });

  it("is backed up whole while another process writes, with all that was said to be written before", async () => {
    const folder = newFolder();
    const writer = startWriter(folder, "fleet", 100_000);
    for (let said = 0; said < 5; said++) await writer.saying.next();
    const [written, path] = [[...writer.written], join(dirname(folder), "backup")];
    await backUpAppliance({ folder, path, now: Date.now() });
    writer.child.kill("SIGKILL");
    await writer.ended;
    const target = newFolder();
    await restoreAppliance({ folder: target, path, now: Date.now(), who });
    expect(integrityOf(target)).toBe("ok");
    const appliance = await openedIn(target);
    const { outcomes } = await appliance.listOutcomes({ configurationId: "fleet", limit: 1_000 });
    expect(outcomes.map(({ machine }) => machine)).toEqual(expect.arrayContaining(written));
    expect((await appliance.unfinished({ configurationId: "fleet" })).run).toMatchObject({ state: "interrupted" });
  });

  it("has one state or the other, whole, whenever a restore is killed, and takes the next one", async () => {
    const folder = newFolder();
    await fillAll(folder);
    const path = join(dirname(folder), "backup");
    await backUpAppliance({ folder, path, now: Date.now() });
    const old = stateOf(folder);
    for (const pauseMs of [50, 150, 300, 450]) {
      const appliance = await openedIn(folder);
      await appliance.createToken({ name: `after-${pauseMs}` });
      await appliance.close();
      const changed = stateOf(folder);
      const child = spawn(process.execPath, ["--input-type=module", "-e", PROGRAM, RESTORE, folder, path], {
        stdio: ["ignore", "pipe", "inherit"],
      });
      const ended = once(child, "exit");
      await once(child.stdout, "data"); // it begins
      // Where in its work it is killed is left to chance on purpose: at no point may it matter.
      await new Promise((resolve) => setTimeout(resolve, pauseMs));
      child.kill("SIGKILL");
      await ended;
      expect(integrityOf(folder)).toBe("ok");
      const found = stateOf(folder);
      expect([JSON.stringify(old), JSON.stringify(changed)]).toContain(JSON.stringify(found));
    }
    await restoreAppliance({ folder, path, now: Date.now(), who });
    expect(stateOf(folder)).toEqual(old);
  });
});

const PROGRAM = `const [, restore, folder, path] = process.argv;
  const { restoreAppliance } = await import(restore);
  console.log("begins");
  await restoreAppliance({ folder, path, now: Date.now(), who: "ann@ci-7" });`;
