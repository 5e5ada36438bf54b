import { readFile } from "node:fs/promises";
import { describe, expect, it } from "vitest";
import { operationNames, operations } from "../../../provider/appliance/operations/table.ts";
import { packageOf } from "../contract-bundles.ts";
import { newFolder, openedIn } from "./folders.ts";
import { RECORDED } from "./recorded-writes.ts";
import { WITHOUT_AN_ENTRY } from "./unrecorded-writes.ts";
import { begun, bytesOf, CANARY, type Play, scheduled } from "./write-plays.ts";

/** What the history gains by the one call of a play. */
async function gained(play: Play) {
  const appliance = await openedIn(newFolder(), { who: "ann@ci-7" });
  const before = async () => (await appliance.listHistory({ limit: 1 })).entries[0]?.sequence ?? 0;
  const call = await play(appliance);
  const last = await before();
  await call();
  const { entries } = await appliance.listHistory({ limit: 1_000 });
  expect(JSON.stringify(entries)).not.toContain(CANARY);
  return entries.filter(({ sequence }) => sequence > last);
}

describe("the history", () => {
  it("is of every write that is not on the list of those without an entry", () => {
    const writes = operationNames.filter((name) => operations[name].access === "write");
    const named = [...Object.keys(RECORDED), ...Object.keys(WITHOUT_AN_ENTRY)];
    expect(named.sort()).toEqual([...writes, "putPackage"].sort());
  });

  it.each(Object.entries(RECORDED))("says who did %s, and keeps its secrets", async (name, play) => {
    const entries = await gained(play);
    expect(entries.filter(({ what }) => what === name)).not.toEqual([]);
    for (const { who, changes } of entries) {
      expect(who).toBe("ann@ci-7");
      expect(changes).not.toEqual([]);
    }
  });

  it.each(Object.entries(WITHOUT_AN_ENTRY))("does not have %s", async (_, { play }) => {
    expect(await gained(play)).toEqual([]);
  });

  it("is said in the documentation not to have these, and no others", async () => {
    const page = await readFile(new URL("../../../docs/kace.md", import.meta.url), "utf8");
    const [, table = ""] = /Not in it are[\s\S]*?\n((?:\|.*\n)+)/.exec(page) ?? [];
    const named = [...table.matchAll(/`(\w+)`/g)].map(([, name]) => name);
    expect(named.sort()).toEqual(Object.keys(WITHOUT_AN_ENTRY).sort());
  });

  it("says that scheduled runs log in with something else, where nothing but that has changed", async () => {
    const entries = await gained(async (of) => {
      await of.saveConfiguration(scheduled);
      return () => of.saveConfiguration({ ...scheduled, runInputs: JSON.stringify({ password: `other ${CANARY}` }) });
    });
    const changes = [{ property: "runInputs", from: "[secret]", to: "[secret]" }];
    expect(entries).toMatchObject([{ subject: "configuration:config-1", subjectName: "fleet", changes }]);
  });

  it("says that what scheduled runs log in with was forgotten with the schedule", async () => {
    const entries = await gained(async (of) => {
      await of.saveConfiguration(scheduled);
      const { schedule: _none, ...description } = scheduled.description;
      return () => of.saveConfiguration({ ...scheduled, description, runInputs: undefined });
    });
    expect(entries[0]?.changes).toContainEqual({ property: "runInputs", from: "[secret]", to: null });
  });

  it("has the beginning of a run that never ends", async () => {
    const [entry] = await gained(async (of) => () => begun(of));
    expect(entry).toMatchObject({
      what: "startRun",
      subjectName: "fleet",
      changes: [{ property: "run up", from: null, to: "begun by ann@ci-7" }],
    });
  });

  it.each<[string, Play]>([
    [
      "a configuration as it is",
      async (of) => {
        await of.saveConfiguration(scheduled);
        return () => of.saveConfiguration(scheduled);
      },
    ],
    [
      "a package that is here",
      async (of) => {
        const { content, file } = packageOf("1.5.0");
        const put = () => of.putPackage(file.sha256, file.sizeBytes, bytesOf(content));
        await put();
        return put;
      },
    ],
    [
      "a look at machines, which changes none",
      async (of) => {
        await of.saveConfiguration(scheduled);
        return () => of.startRun({ configurationId: "config-1", kind: "refresh", holder: "ann@ci-7" });
      },
    ],
    [
      "a daily look for newer agents that is as the one before",
      async (of) => {
        await of.settleUpdateCheck({ startedAt: "2026-03-01T07:00:00Z", fault: "not there" });
        return () => of.settleUpdateCheck({ startedAt: "2026-03-02T07:00:00Z", fault: "not there" });
      },
    ],
    [
      "a scheduled run that could begin",
      async (of) => {
        await of.saveConfiguration(scheduled);
        return () => of.settleSchedule({ configurationId: "config-1", until: "2026-03-01T08:00:00Z" });
      },
    ],
  ])("gains nothing by %s", async (_, play) => {
    expect(await gained(play)).toEqual([]);
  });
});
