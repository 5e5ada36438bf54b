import type { Example } from "../kit/define/call.ts";

/** Programs that show `AgentSettings`. */
export const agentSettingsExamples: readonly Example[] = [
  {
    title: "A fleet of 1,000 machines that keeps quiet by day",
    yaml: `name: settings
runtime: yaml
resources:
  agents:
    type: kace:AgentSettings
    properties:
      communicationsWindow: { from: "22:00", to: "06:00" }
      runInterval: 2h
      inventoryInterval: 4h
`,
    typescript: `import * as kace from "@pulumi-kace/kace";

new kace.AgentSettings("agents", {
  communicationsWindow: { from: "22:00", to: "06:00" },
  runInterval: "2h",
  inventoryInterval: "4h",
});
`,
    python: `import pulumi_kace as kace

kace.AgentSettings(
    "agents",
    communications_window=kace.CommunicationsWindowArgs(from_="22:00", to="06:00"),
    run_interval="2h",
    inventory_interval="4h",
)
`,
  },
  {
    title: "What the appliance takes",
    description: "The throughput and the limit of check-ins are the appliance's, over all organizations.",
    yaml: `name: appliance-settings
runtime: yaml
resources:
  agents:
    type: kace:AgentSettings
    properties:
      logRetention: "off"
      taskThroughput: 40
      maxCheckInsPerHour: 1000
`,
    typescript: `import * as kace from "@pulumi-kace/kace";

new kace.AgentSettings("agents", { logRetention: "off", taskThroughput: 40, maxCheckInsPerHour: 1000 });
`,
    python: `import pulumi_kace as kace

kace.AgentSettings("agents", log_retention="off", task_throughput=40, max_check_ins_per_hour=1000)
`,
  },
];
