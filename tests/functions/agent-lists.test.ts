import { describe, expect, it } from "vitest";
import { accessTo } from "../../provider/appliance/access.ts";
import type { Appliance } from "../../provider/appliance/appliance.ts";
import { openLocal } from "../../provider/appliance/local/local.ts";
import { getAgentTasks } from "../../provider/functions/get-agent-tasks.ts";
import { getMessageQueue } from "../../provider/functions/get-message-queue.ts";
import type { Properties } from "../../provider/kit/define/resource.ts";
import { device, kuidOf } from "../appliance/devices.ts";
import { newFolder, openedIn } from "../appliance/local/folders.ts";

const nothing = () => undefined;
const log = { debug: nothing, info: nothing, warn: nothing, error: nothing, status: nothing };

/** An appliance where a task of web1 has ended and one of web2 waits. */
async function site() {
  const folder = newFolder();
  const appliance = await openedIn(folder);
  const { value } = await appliance.createToken({ name: "t" });
  for (const number of [1, 2]) await appliance.enrolDevice(device(number, { token: value }));
  const script = { type: "script", payload: { script: "exit 3" } } as const;
  const { tasks: queued } = await appliance.queueTasks({ kuids: [kuidOf(1), kuidOf(2)], ...script });
  const [first] = queued;
  const end = { id: first?.id ?? "", kuid: kuidOf(1), status: "failed", exitCode: 3 } as const;
  await appliance.recordTasks({ tasks: [{ ...end, note: "exit code 3" }] });
  const client = accessTo(({ readOnly }) => openLocal({ folder, readOnly }), {
    endpoint: "local",
    isLocal: true,
    maxConcurrency: undefined,
  });
  const context = { client, log, signal: new AbortController().signal };
  const ask = (asked: typeof getAgentTasks | typeof getMessageQueue, inputs: Properties) =>
    asked.handler.handle({ inputs, preview: false }, context);
  return { appliance, ask };
}

async function enrol(appliance: Appliance, number: number, hostname: string): Promise<void> {
  await appliance.enrolDevice(device(number, { hostname, macs: [] }));
  await appliance.setDeviceState({ kuid: kuidOf(number), state: "approved" });
}

describe("getAgentTasks", () => {
  it("shows in the view `all` what has ended too, with when and how", async () => {
    const { ask } = await site();
    expect(await ask(getAgentTasks, { view: "in-progress" })).toEqual({ tasks: [] });
    expect(await ask(getAgentTasks, { view: "all" })).toMatchObject({
      tasks: [
        { machine: "web2.corp.example", state: "ready" },
        {
          machine: "web1.corp.example",
          state: "failed",
          completed: expect.stringMatching(/^\d{4}-.*Z$/),
          exitCode: 3,
          note: "exit code 3",
        },
      ],
    });
  });
});

describe("what waits for one machine", () => {
  it.each(["web2.corp.example", "WEB2.Corp.Example.", "web2", kuidOf(2)])(
    "is found where it is called %s",
    async (machine) => {
      const { appliance, ask } = await site();
      await appliance.sendMessage({ kuids: [kuidOf(1), kuidOf(2)], type: "alert", payload: "at six" });
      const own = { machine: "web2.corp.example", identity: kuidOf(2) };
      expect(await ask(getAgentTasks, { view: "all", machine })).toMatchObject({ tasks: [own] });
      expect(await ask(getMessageQueue, { machine })).toMatchObject({ messages: [own] });
    },
  );

  it("is of all devices of a host name, in the order of all", async () => {
    const { appliance, ask } = await site();
    await enrol(appliance, 3, "WEB2.corp.example");
    await appliance.sendMessage({ kuids: [kuidOf(3), kuidOf(1), kuidOf(2)], type: "alert", payload: "at six" });
    const { messages } = await ask(getMessageQueue, { machine: "web2.corp.example" });
    expect(messages).toMatchObject([{ identity: kuidOf(3) }, { identity: kuidOf(2) }]);
  });

  it("is not looked for where nobody is called so, or several machines are", async () => {
    const { appliance, ask } = await site();
    await enrol(appliance, 3, "web2.berlin.example");
    for (const asked of [getAgentTasks, getMessageQueue]) {
      await expect(ask(asked, { machine: "web9" })).rejects.toMatchObject({
        code: "not-found",
        path: ["machine"],
        message: "there is no device web9",
      });
      await expect(ask(asked, { machine: "web2" })).rejects.toMatchObject({
        code: "invalid-input",
        path: ["machine"],
        message: "2 devices are called web2",
        hint: `say which one: web2.corp.example (${kuidOf(2)}), web2.berlin.example (${kuidOf(3)})`,
      });
    }
  });
});
