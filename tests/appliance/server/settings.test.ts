import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { DEFAULT_AGENT_SETTINGS } from "../../../provider/appliance/operations/settings.ts";
import { ConnectedAgents } from "../../../provider/appliance/server/connected-agents.ts";
import { SettingsWatch } from "../../../provider/appliance/server/settings-watch.ts";
import { Throughput } from "../../../provider/appliance/server/throughput.ts";
import { newFolder, openedIn } from "../local/folders.ts";
import { type Received, TestAgent } from "./agent.ts";
import { inOtherProcess, startTestServer, type TestServer, until } from "./running.ts";

const TIMEOUT_MS = 120_000;

let server: TestServer;
const agents: TestAgent[] = [];
let tokens = 0;

beforeAll(async () => {
  server = await startTestServer({ limits: { changesEveryMs: 50 } });
}, TIMEOUT_MS);
afterAll(() => server.remove(), TIMEOUT_MS);
afterEach(async () => {
  await server.appliance.resetSettings({});
  const { organizations } = await server.appliance.listSettingsChanges({});
  const revision = organizations.find(({ organization }) => organization === "default")?.revision ?? 0;
  // Else the next test's agent might be welcomed with what this one left, and be told of the end of it.
  await until("the server has seen it", async () => settingsIn((await enrol()).answer).revision === revision);
  for (const agent of agents.splice(0)) agent.socket.terminate();
}, TIMEOUT_MS);

async function enrol() {
  const { value } = await server.appliance.createToken({ name: `token ${++tokens}` });
  const enrolled = await TestAgent.enrol({ port: server.port, ca: server.ca, token: value });
  agents.push(enrolled.agent);
  return enrolled;
}

function settingsIn({ settings }: Received): { readonly revision: number } {
  return settings as { readonly revision: number }; // the schema of the server's messages says so
}

describe("what agents live by", { timeout: TIMEOUT_MS }, () => {
  it("is told in the welcome, and its run interval apart for agents that know no settings", async () => {
    const { agent: earlier } = await enrol();
    const changes = { runIntervalSeconds: 7_200, splashText: "Bitte warten" };
    const { revision } = await server.appliance.updateSettings(changes);
    await earlier.next("settings"); // the server has seen the change
    expect((await enrol()).answer).toMatchObject({
      runIntervalSeconds: 7_200,
      settings: { ...DEFAULT_AGENT_SETTINGS, revision, runIntervalSeconds: 7_200, splashText: "Bitte warten" },
    });
  });

  it("is told to connected agents when another process changes it, or gives the defaults back", async () => {
    const { agent } = await enrol();
    const window = { from: "22:00", to: "06:00" };
    await inOtherProcess(server.folder, "updateSettings", { communicationsWindow: window, logRetention: "off" });
    const told = settingsIn(await agent.next("settings"));
    expect(told).toMatchObject({ ...DEFAULT_AGENT_SETTINGS, communicationsWindow: window, logRetention: "off" });
    await inOtherProcess(server.folder, "resetSettings", {});
    const back = settingsIn(await agent.next("settings"));
    expect(back).toMatchObject(DEFAULT_AGENT_SETTINGS);
    expect(back.revision).toBeGreaterThan(told.revision);
  });

  it("is told at a check-in to an agent that lives by something else, and to no other", async () => {
    const { agent, answer } = await enrol();
    const { revision } = settingsIn(answer);
    agent.say({ type: "check-in", settingsRevision: revision });
    agent.say({ type: "heartbeat" });
    expect((await agent.next("settings", "heartbeat")).type).toBe("heartbeat");
    agent.say({ type: "check-in", settingsRevision: revision + 7 });
    expect(settingsIn(await agent.next("settings")).revision).toBe(revision);
  });

  it.each([
    ["no revision", {}],
    ["a revision below zero", { settingsRevision: -1 }],
    ["a revision that is no number", { settingsRevision: "one" }],
  ])("is not told at a check-in with %s, which ends the connection", async (_, said) => {
    const { agent } = await enrol();
    agent.say({ type: "check-in", ...said });
    expect(await agent.next("refused")).toMatchObject({ code: "malformed" });
    expect((await agent.closed).code).toBe(1008);
  });
});

describe("a server whose database was restored from a backup", () => {
  it("goes by what the backup says", async () => {
    const folder = newFolder();
    const database = join(folder, "appliance.db");
    const before = await openedIn(folder);
    await before.updateSettings({ runIntervalSeconds: 7_200 });
    await before.close();
    const backup = await readFile(database);
    const later = await openedIn(folder);
    await later.updateSettings({ runIntervalSeconds: 60 });
    let present = later;
    const store = { listSettingsChanges: (input: object) => present.listSettingsChanges(input) };
    const watch = new SettingsWatch(store, new ConnectedAgents());
    await watch.look();
    expect(watch.of("default")).toMatchObject({ revision: 2, settings: { runIntervalSeconds: 60 } });
    await later.close();
    await writeFile(database, backup);
    present = await openedIn(folder);
    await watch.look();
    expect(watch.of("default")).toMatchObject({ revision: 1, settings: { runIntervalSeconds: 7_200 } });
  });
});

describe("whoever is kept to one organization", { timeout: TIMEOUT_MS }, () => {
  it("sets what is that one's, and not what is the appliance's", async () => {
    const { appliance } = server;
    await appliance.updateSettings({ taskThroughput: 40, maxCheckInsPerHour: 100 });
    await appliance.createOrganization({ name: "berlin" });
    const kept = (organization: string) => appliance.actingAs({ who: "one of them", organization });
    expect(await kept("berlin").updateSettings({ runIntervalSeconds: 7_200 })).toMatchObject({
      organization: "berlin",
      effective: { runIntervalSeconds: 7_200 },
    });
    for (const input of [{ taskThroughput: 30 }, { maxCheckInsPerHour: null }]) {
      const refused = kept("default").updateSettings({ ...input, runIntervalSeconds: 60 });
      await expect(refused).rejects.toMatchObject({ code: "permission-denied" });
    }
    // Saying what is so changes nothing.
    await kept("default").updateSettings({ taskThroughput: 40, logRetention: "off" });
    await kept("default").resetSettings({});
    expect(await appliance.getSettings({})).toMatchObject({
      exists: false,
      appliance: { taskThroughput: 40, maxCheckInsPerHour: 100 },
    });
    await kept("berlin").resetSettings({});
  });
});

describe("a throughput", () => {
  /** Work that ends when it is told to. */
  function work(of: Throughput) {
    const begun: number[] = [];
    const ends = [0, 1, 2, 3].map(() => Promise.withResolvers<void>());
    const all = ends.map(({ promise }, index) =>
      of.pass(async () => {
        begun.push(index);
        await promise;
      }),
    );
    const end = async (index: number) => {
      ends[index]?.resolve();
      await all[index];
    };
    return { begun, end };
  }

  it("lets so many pieces of work go on at once, in their order", async () => {
    const { begun, end } = work(new Throughput(2));
    expect(begun).toEqual([0, 1]);
    await end(1);
    expect(begun).toEqual([0, 1, 2]);
  });

  it("lets more in as soon as it rises, and no more until enough have ended when it falls", async () => {
    const throughput = new Throughput(1);
    const { begun, end } = work(throughput);
    throughput.limit = 3;
    await Promise.resolve();
    expect(begun).toEqual([0, 1, 2]);
    throughput.limit = 1;
    await end(0);
    await end(1);
    expect(begun).toEqual([0, 1, 2]);
    await end(2);
    await Promise.resolve();
    expect(begun).toEqual([0, 1, 2, 3]);
  });

  it("gives the place of work that fails to the next one", async () => {
    const throughput = new Throughput(1);
    const failing = throughput.pass(async () => {
      throw new Error("the disk is full");
    });
    const next = throughput.pass(async () => "done");
    await expect(failing).rejects.toThrow("the disk is full");
    expect(await next).toBe("done");
  });
});
