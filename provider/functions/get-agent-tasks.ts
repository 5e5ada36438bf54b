import * as z from "zod";
import type { ApplianceAccess } from "../appliance/access.ts";
import { everyPage } from "../appliance/every-page.ts";
import { taskView } from "../appliance/operations/task-words.ts";
import { defineFunction } from "../kit/define/function.ts";
import { devicesCalled, machineArgument } from "./devices-called.ts";
import { lookingIn, organizationArgument } from "./in-organization.ts";

const task = z
  .object({
    id: z.string().meta({ description: "Its id." }),
    sourceId: z.string().meta({ description: "What it comes from: the same for all tasks of one order." }),
    machine: z.string().meta({ description: "The host name of the machine it is for." }),
    identity: z.string().meta({ description: "The KUID of that machine's agent." }),
    connected: z.boolean().meta({ description: "Whether that agent is connected now." }),
    type: z.string().meta({
      description: "`alert`, `inventory`, `crash-upload`, `self-update`, `scripting-update`, `script` or `log-upload`.",
    }),
    state: z.string().meta({
      description: "`ready`, `running`, `completed`, `failed`, `timed-out`, `cancelled` or `expired`.",
    }),
    started: z.string().optional().meta({ description: "When it began, RFC 3339." }),
    completed: z.string().optional().meta({ description: "When it ended, RFC 3339." }),
    nextRun: z
      .string()
      .optional()
      .meta({ description: "When it begins at the earliest, RFC 3339; while it is ready." }),
    runningSeconds: z.number().optional().meta({ description: "How long it ran, or has been running." }),
    timeoutSeconds: z.int().meta({ description: "How long it may run." }),
    priority: z.int().meta({ description: "Its rank: 1 is the first." }),
    exitCode: z.int().optional().meta({ description: "Of a script that has ended." }),
    note: z.string().optional().meta({ description: "Why it failed, or what else there is to say of it." }),
  })
  .meta({ typeName: "AgentTask", description: "A task of an agent." });

const definition = defineFunction({
  name: "getAgentTasks",
  description:
    "The tasks of agents, newest first: those that run, those that wait, or all that are known. What a script said is not among it: `kace tasks show` tells.",
  inputs: z.object({
    organization: organizationArgument(),
    view: z
      .enum([...taskView.options, "all"])
      .default("in-progress")
      .meta({
        description:
          "`in-progress`: those that run. `ready-connected`: those of connected machines, which are about to run. `ready`: those that wait for a connection. `longer-than-10-minutes`: those that have waited longer than that for one. `all`: these, and those that ended in the last 30 days.",
      }),
    machine: machineArgument(),
  }),
  outputs: z.object({ tasks: z.array(task).meta({ description: "Newest first." }) }),
  examples: [
    {
      title: "What waits for machines that are not connected",
      yaml: `name: tasks
runtime: yaml
variables:
  waiting:
    fn::invoke:
      function: kace:getAgentTasks
      arguments:
        view: ready
outputs:
  tasks: \${waiting.tasks}
`,
      typescript: `import * as kace from "@pulumi-kace/kace";

export const tasks = kace.getAgentTasksOutput({ view: "ready" }).tasks;
`,
      python: `import pulumi
import pulumi_kace as kace

pulumi.export("tasks", kace.get_agent_tasks_output(view="ready").tasks)
`,
    },
  ],
});

/** `kace:index:getAgentTasks` (seed A25). */
export const getAgentTasks = definition.handle<ApplianceAccess>(async ({ inputs }, { client }) => {
  const view = inputs.view === "all" ? undefined : inputs.view;
  const tasks = await lookingIn(client, inputs).read(async (appliance) => {
    const kuids = await devicesCalled(appliance, inputs.machine);
    return everyPage(async (after) => {
      const { tasks: items, next } = await appliance.listTasks({ view, kuids, limit: 1_000, after });
      return { items, next };
    });
  });
  return {
    tasks: tasks.map(({ kuid: identity, startedAt, completedAt, nextRunAt, runSeconds, ...one }) => ({
      id: one.id,
      sourceId: one.sourceId,
      machine: one.machine,
      identity,
      connected: one.connected,
      type: one.type,
      state: one.state,
      started: startedAt,
      completed: completedAt,
      nextRun: nextRunAt,
      runningSeconds: runSeconds,
      timeoutSeconds: one.timeoutSeconds,
      priority: one.priority,
      exitCode: one.exitCode,
      note: one.note,
    })),
  };
});
