import type { Appliance } from "../../../provider/appliance/appliance.ts";
import { everyPage } from "../../../provider/appliance/every-page.ts";
import { kuidOf } from "./bench-devices.ts";
import { CONFIGURATION } from "./daily-life.ts";

/** Something that a command asks an appliance. */
export type Question = readonly [what: string, ask: (appliance: Appliance) => Promise<unknown>];

/** The label that {@link questions} are about. */
export const LABEL = "one in a hundred";

/** Makes the labels that questions are about: several by filter, of what a filter can ask for, and one by hand. */
export async function makeLabels(appliance: Appliance): Promise<void> {
  const by = (
    name: string,
    property: "hostname" | "os.id" | "agentVersion",
    operator: "endsWith" | "equals" | "versionBelow",
    value: string,
  ) => appliance.saveLabel({ name, filter: { all: [{ property, operator, value }] } });
  await by(LABEL, "hostname", "endsWith", "77.bench.example");
  await by("debian", "os.id", "equals", "debian");
  await by("old", "agentVersion", "versionBelow", "1.3");
  const machines = Array.from({ length: 200 }, (_, index) => `machine-${index * 3}.bench.example`);
  await appliance.saveLabel({ name: "by hand", machines });
}

/** One answer each: what is asked once by a command, or for each page of it. */
export async function questions(appliance: Appliance): Promise<readonly Question[]> {
  const label = await appliance.findLabelByName({ name: LABEL });
  const id = label?.id ?? "";
  const policy = { enabled: true, labels: [LABEL], version: "latest" };
  return [
    ["a device by its name", (of) => of.findDevices({ names: ["machine-77"] })],
    ["a page of 1000 devices", (of) => of.findDevices({ limit: 1_000 })],
    ["a page of devices with inventories, 50 of them", (of) => of.findDevices({ limit: 1_000, inventories: true })],
    ["the members of a label by filter", (of) => of.listLabelMembers({ id })],
    ["how many have each of 4 labels", (of) => of.listLabels({})],
    ["what an update policy would do", (of) => of.planUpdates({ changes: policy, limit: 1 })],
    ["a page of the quarantine", (of) => of.listQuarantine({})],
    ["a page of the history", (of) => of.listHistory({})],
    ["the history of one device", (of) => of.listHistory({ subject: `device:${kuidOf(5)}` })],
    ["the history of one person", (of) => of.listHistory({ who: "nobody" })],
    ["the queue of messages", (of) => of.listMessages({})],
    ["the tasks that run", (of) => of.listTasks({ view: "in-progress", limit: 1_000 })],
    ["a page of 1000 tasks", (of) => of.listTasks({ limit: 1_000 })],
    ["the tasks of one device", (of) => of.listTasks({ kuids: [kuidOf(5)] })],
    ["the configurations", (of) => of.listConfigurations({})],
    ["a page of 1000 results", (of) => of.listOutcomes({ limit: 1_000 })],
    ["the results that failed", (of) => of.listOutcomes({ classes: ["failed"] })],
    [
      "the log of a machine",
      (of) => of.outcomeLog({ configurationId: CONFIGURATION, machine: "machine-77.bench.example" }),
    ],
    ["the runs of 30 days", (of) => of.listRuns({})],
    ["how many devices there are", (of) => of.getStatistics({})],
  ];
}

/** All pages of what a list shows, as its command asks for them. */
export const lists: readonly Question[] = [
  [
    "all devices",
    (of) =>
      everyPage(async (after) => {
        const { devices: items, next } = await of.findDevices({ limit: 1_000, after });
        return { items, next };
      }),
  ],
  [
    "all results",
    (of) =>
      everyPage(async (after) => {
        const { outcomes: items, next } = await of.listOutcomes({ limit: 1_000, after });
        return { items, next };
      }),
  ],
];
