import { describe, expect, it } from "vitest";
import { accessTo } from "../../provider/appliance/access.ts";
import { openLocal } from "../../provider/appliance/local/local.ts";
import { getAgentTasks } from "../../provider/functions/get-agent-tasks.ts";
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
  const ask = (asked: typeof getAgentTasks, inputs: Properties) =>
    asked.handler.handle({ inputs, preview: false }, context);
  return { appliance, ask };
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
