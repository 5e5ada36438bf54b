import * as z from "zod";
import type { ApplianceAccess } from "../appliance/access.ts";
import { everyPage } from "../appliance/every-page.ts";
import { defineFunction } from "../kit/define/function.ts";
import { devicesCalled, machineArgument } from "./devices-called.ts";
import { lookingIn, organizationArgument } from "./in-organization.ts";

const queued = z
  .object({
    id: z.string().meta({ description: "Its id." }),
    sourceId: z.string().meta({ description: "What it comes from: the same for all messages of one order." }),
    machine: z.string().meta({ description: "The host name of the machine it is for." }),
    identity: z.string().meta({ description: "The KUID of that machine's agent." }),
    type: z.string().meta({ description: "`check-in` or `alert`." }),
    payload: z.string().meta({ description: "What it says; empty for a check-in." }),
    status: z.string().meta({ description: "`pending`, `sent`, `received`, `completed` or `failed`." }),
    note: z.string().optional().meta({ description: "Why it failed." }),
    connected: z.boolean().meta({ description: "Whether the machine's agent is connected now." }),
    createdAt: z.string().meta({ description: "When it was put into the queue, RFC 3339." }),
    expiresAt: z.string().meta({ description: "When it is gone, whatever became of it, RFC 3339." }),
  })
  .meta({ typeName: "QueuedMessage", description: "A message to an agent." });

const definition = defineFunction({
  name: "getMessageQueue",
  description:
    "The messages that wait for agents, oldest first, and what became of them. What is pending for a machine is in the queue only while its agent is connected without a break; alerts always. Messages that have expired are gone.",
  inputs: z.object({
    organization: organizationArgument(),
    machine: machineArgument(),
  }),
  outputs: z.object({
    messages: z.array(queued).meta({ description: "Oldest first." }),
  }),
  examples: [
    {
      title: "What waits for agents",
      yaml: `name: queue
runtime: yaml
variables:
  queue:
    fn::invoke:
      function: kace:getMessageQueue
      arguments: {}
outputs:
  messages: \${queue.messages}
`,
      typescript: `import * as kace from "@pulumi-kace/kace";

export const messages = kace.getMessageQueueOutput().messages;
`,
      python: `import pulumi
import pulumi_kace as kace

pulumi.export("messages", kace.get_message_queue_output().messages)
`,
    },
  ],
});

/** `kace:index:getMessageQueue` (seed A26). */
export const getMessageQueue = definition.handle<ApplianceAccess>(async ({ inputs }, { client }) => {
  const messages = await lookingIn(client, inputs).read(async (appliance) => {
    const kuids = await devicesCalled(appliance, inputs.machine);
    const [only, ...others] = kuids ?? [];
    const kuid = others.length === 0 ? only : undefined;
    const all = await everyPage(async (after) => {
      const { messages: items, next } = await appliance.listMessages({ kuid, limit: 1_000, after });
      return { items, next };
    });
    return kuids === undefined ? all : all.filter((one) => kuids.includes(one.kuid));
  });
  return {
    messages: messages.map(({ kuid: identity, organization: _organization, ...one }) => ({ ...one, identity })),
  };
});
