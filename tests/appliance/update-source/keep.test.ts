import { expect, it, onTestFinished } from "vitest";
import { openLocal } from "../../../provider/appliance/local/local.ts";
import { keepUpdates } from "../../../provider/appliance/update-source/keep.ts";
import { nextCheck } from "../../../provider/appliance/update-source/next-check.ts";
import { until } from "../server/running.ts";
import { archiveOf, freshFolder, listSums } from "./archives.ts";

it.each([
  ["03:40", "2027-03-01T01:00:00Z", "Europe/Berlin", "2027-03-01T02:40:00Z"],
  ["03:40", "2027-03-01T02:40:00Z", "Europe/Berlin", "2027-03-02T02:40:00Z"],
  // The clock jumps from 02:00 to 03:00 that night.
  ["02:30", "2027-03-27T12:00:00Z", "Europe/Berlin", "2027-03-28T01:00:00Z"],
  ["23:59", "2027-03-01T00:00:00Z", "America/New_York", "2027-03-01T04:59:00Z"],
])("a check at %s is due after %s in %s at %s", (checkAt, after, timezone, expected) => {
  expect(nextCheck(checkAt, Date.parse(after), timezone)).toBe(Date.parse(expected));
});

it("looks at the start, every day at its time, and when it is asked to", { timeout: 180_000 }, async () => {
  let now = Date.parse("2027-03-01T08:00:00Z");
  const source = await freshFolder();
  const archives = [await archiveOf(source, "1.0.0")];
  await listSums(source, archives);
  const appliance = await openLocal({ folder: await freshFolder(), now: () => now, timezone: "UTC" });
  onTestFinished(() => appliance.close());
  await appliance.setUpdateSource({ location: source });
  const lines: string[] = [];
  const keeping = await keepUpdates(appliance, { now: () => now, timezone: "UTC", log: (line) => lines.push(line) });
  onTestFinished(() => keeping.stop());
  const downloads = async () => (await appliance.getUpdates({})).downloads.length;
  await until("the check of the start", async () => (await downloads()) === 1);
  await until("it is settled", async () => (await appliance.getUpdates({})).checkedAt !== undefined);
  expect(await appliance.getUpdates({})).toMatchObject({
    checkedAt: "2027-03-01T08:00:00.000Z",
    nextCheckAt: "2027-03-02T03:40:00.000Z",
    requestedAt: undefined,
  });

  archives.push(await archiveOf(source, "1.1.0"));
  await listSums(source, archives);
  now = Date.parse("2027-03-02T03:40:01Z");
  await until("the check of the next day", async () => (await downloads()) === 2);

  archives.push(await archiveOf(source, "1.2.0"));
  await listSums(source, archives);
  now += 60_000;
  await appliance.requestUpdateCheck({});
  await until("the check that was asked for", async () => (await downloads()) === 3);
  await until("it is said", () => lines.length === 3);
  expect(lines.at(-1)).toMatch(/reference 1\.2\.0; `kace bundle load download-[0-9a-f]+` loads it$/);
});
