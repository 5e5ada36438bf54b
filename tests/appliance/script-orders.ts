import { createHash } from "node:crypto";
import type { Input } from "../../provider/appliance/appliance.ts";
import { device, kuidOf } from "./devices.ts";
import type { Subject } from "./subject.ts";

export const SERVER = "instance-of-the-test";
/** The test's clock stands at eight. */
export const AT_NOON = "2027-03-01T12:00:00.000Z";
/** Later than any agent looks by itself, by the defaults. */
export const NEXT_WEEK = "2027-03-08T08:00:00.000Z";
export const MINUTE_MS = 60_000;

export const hashOf = (text: string) => createHash("sha256").update(text).digest("hex");
/** What an agent says that keeps the scripts of these tasks. */
const held = (...ids: readonly string[]) => hashOf([...ids].sort().join("\n"));

/** Orders of scripts for later and what their agents say, of the subject of the test that runs. */
export function scriptOrders(opened: () => Subject) {
  const appliance = () => opened().appliance;
  const tasks = async (input: Input<"listTasks"> = {}) => (await appliance().listTasks(input)).tasks;
  const updates = () => tasks({ types: ["scripting-update"] });
  const record = (...all: Input<"recordTasks">["tasks"]) => appliance().recordTasks({ tasks: all });
  const says = async (ids: readonly string[], look = true, number = 1) =>
    (await appliance().recordScripts({ kuid: kuidOf(number), held: held(...ids), look })).current;

  async function approved(can: string[] = ["tasks", "scripting-update"], ...given: readonly number[]): Promise<void> {
    const numbers = given.length > 0 ? given : [1];
    const { value } = await appliance().createToken({ name: `token for ${numbers.join()}` });
    for (const number of numbers) {
      await appliance().enrolDevice(device(number, { token: value }));
      await appliance().deviceConnected({
        kuid: kuidOf(number),
        connectionId: `connection of ${number}`,
        instanceId: SERVER,
        can,
      });
    }
  }

  /** Orders a script for later of device 1. @returns the id of its task */
  async function order(at: string, script = "uptime", more: Partial<Input<"queueTasks">> = {}): Promise<string> {
    const queued = await appliance().queueTasks({
      kuids: [kuidOf(1)],
      type: "script",
      ...more,
      payload: { script, at, ...more.payload },
    });
    return queued.tasks[0]?.id ?? "";
  }

  /** Sends what is due. */
  async function send() {
    const { tasks: now } = await appliance().listDueTasks({ instanceId: SERVER });
    if (now.length > 0) await record(...now.map(({ id, kuid }) => ({ id, kuid, status: "sent" as const })));
    return now;
  }

  return { appliance, tasks, updates, record, says, approved, order, send };
}
