import { describe, expect, it } from "vitest";
import { accessTo } from "../../provider/appliance/access.ts";
import { openLocal } from "../../provider/appliance/local/local.ts";
import { getNextRuns } from "../../provider/functions/get-next-runs.ts";
import { newFolder, openedIn } from "../appliance/local/folders.ts";

const nothing = () => undefined;
const log = { debug: nothing, info: nothing, warn: nothing, error: nothing, status: nothing };

/** Asks the function, over the appliance in a folder. */
async function ask(inputs: Record<string, unknown>, folder = newFolder()): Promise<unknown> {
  const client = accessTo(({ readOnly }) => openLocal({ folder, readOnly, timezone: "America/New_York" }), {
    endpoint: "local",
    isLocal: true,
    maxConcurrency: undefined,
  });
  return getNextRuns.handler.handle(
    { inputs: { count: 2, ...inputs }, preview: false },
    { client, log, signal: new AbortController().signal },
  );
}

const after = "2027-03-27T12:00:00Z";

describe("getNextRuns", () => {
  it("says what a schedule comes to, also where the clock is set forward", async () => {
    const schedule = { every: "day", at: "2:30 AM", timezone: "Europe/Berlin" };
    expect(await ask({ schedule, after })).toEqual({
      description: "every day at 02:30 (Europe/Berlin)",
      runs: ["2027-03-28T01:00:00.000Z", "2027-03-29T00:30:00.000Z"],
    });
  });

  it("says it of a configuration, in the appliance's own time zone where it names none", async () => {
    const folder = newFolder();
    const appliance = await openedIn(folder);
    const description = { targets: "web01", schedule: { every: "monday", at: "6:00" } };
    await appliance.saveConfiguration({ id: "c", name: "fleet", description, runInputs: "{}" });
    await appliance.saveConfiguration({ id: "d", name: "by hand", description: { targets: "web01" } });
    expect(await ask({ configuration: "fleet", after, count: 1 }, folder)).toEqual({
      description: "every monday at 06:00",
      runs: ["2027-03-29T10:00:00.000Z"],
    });
    expect(await ask({ configuration: "by hand", after }, folder)).toEqual({ description: "never", runs: [] });
  });

  it("refuses both, neither, and a configuration that there is not", async () => {
    const schedule = { every: "15 minutes" };
    await expect(ask({})).rejects.toThrow("either `schedule` or `configuration`");
    await expect(ask({ schedule, configuration: "fleet" })).rejects.toThrow("either `schedule` or `configuration`");
    await expect(ask({ configuration: "nobody's" })).rejects.toMatchObject({
      code: "not-found",
      path: ["configuration"],
    });
  });
});
