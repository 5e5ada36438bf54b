import * as z from "zod";
import type { ApplianceAccess } from "../appliance/access.ts";
import { ProviderError } from "../kit/define/errors.ts";
import { defineFunction } from "../kit/define/function.ts";
import { duration, durationMs } from "../kit/define/scalars.ts";
import { diagnose as diagnoseMachine } from "../rollout/diagnosis.ts";
import { DIAGNOSIS_STEPS } from "../rollout/diagnosis-findings.ts";
import { diagnosisMeans, folderToName, serverToDiagnose } from "../rollout/diagnosis-means.ts";
import { agentServer } from "./agent-server.ts";

const finding = z
  .object({
    step: z.enum(DIAGNOSIS_STEPS).meta({
      typeName: "DiagnosisStep",
      description: "What was looked at: a step on the way of an agent to its server.",
    }),
    state: z
      .enum(["right", "wrong", "unknown"])
      .meta({ typeName: "DiagnosisState", description: "How it is; `unknown` where it could not be looked at." }),
    message: z.string().meta({ description: "What was found, in words." }),
    hint: z.string().optional().meta({ description: "What to do about it." }),
  })
  .meta({ typeName: "DiagnosisFinding", description: "What was found at one step." });

const definition = defineFunction({
  name: "diagnose",
  description:
    "Why a machine does not appear at its server: walks the way of its agent (DNS, port, TLS, token, quarantine, service) and names the first thing that is wrong. Goes by what the appliance knows of the machine (its agent's connection, its last result) and by what is seen from here; writes nothing.",
  inputs: z.object({
    machine: z
      .string()
      .min(1)
      .max(255)
      .meta({ description: "Its host name or address.", examples: ["web01"] }),
    server: agentServer
      .optional()
      .meta({ typeName: "DiagnosisServer", description: "Where the agent should connect to." }),
    token: z.string().min(1).max(1_000).optional().meta({
      description: "The value of the `AgentToken` that the agent was given, to be looked at too.",
      secret: true,
    }),
    timeout: duration()
      .refine((text) => durationMs(text) > 0, { error: 'expected more than no time at all, such as "5s"' })
      .default("5s")
      .meta({ description: "How long one look may take." }),
  }),
  outputs: z.object({
    healthy: z.boolean().meta({ description: "True if nothing that is wrong was found." }),
    firstWrong: finding.optional().meta({ description: "Where to begin; absent where nothing is wrong." }),
    findings: z.array(finding).meta({ description: "All steps, in the order in which an agent takes them." }),
  }),
  examples: [
    {
      title: "The first thing that is wrong",
      yaml: `name: diagnosis
runtime: yaml
variables:
  web01:
    fn::invoke:
      function: kace:diagnose
      arguments:
        machine: web01
        server:
          name: localhost
outputs:
  healthy: \${web01.healthy}
  findings: \${web01.findings}
`,
      typescript: `import * as kace from "@pulumi-kace/kace";

export const firstWrong = kace.diagnoseOutput({ machine: "web01", server: { name: "kbox.corp.example" } }).firstWrong;
`,
      python: `import pulumi
import pulumi_kace as kace

pulumi.export("first_wrong", kace.diagnose_output(machine="web01", server={"name": "kbox.corp.example"}).first_wrong)
`,
    },
  ],
});

/** `kace:index:diagnose` (seed B14). */
export const diagnose = definition.handle<ApplianceAccess>(async ({ inputs }, { client, signal }) => {
  const { machine, token } = inputs;
  const timeoutMs = durationMs(inputs.timeout);
  return client.read(async (appliance) => {
    const server = serverToDiagnose(inputs.server, await appliance.serverStatus({}), folderToName(appliance));
    if (server === undefined)
      throw new ProviderError({
        code: "failed-precondition",
        path: ["server"],
        message: "no server ever ran on this appliance, and none is named",
        hint: "give `server.name`, or start the appliance's own by `kace serve`",
      });
    const means = diagnosisMeans(appliance, { timeoutMs, signal });
    const { findings, firstWrong } = await diagnoseMachine({ machine, server, token, timeoutMs }, means);
    return { healthy: firstWrong === undefined, firstWrong, findings: [...findings] };
  });
});
