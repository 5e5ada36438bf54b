import type { Example } from "../kit/define/call.ts";

/** Programs that show `AgentUpdatePolicy`. */
export const agentUpdatePolicyExamples: readonly Example[] = [
  {
    title: "The machines of a label, by night and step by step",
    description:
      "One machine in ten at first, half of them a day later, all of them after three days; never in the night to Monday, nor over Christmas.",
    yaml: `name: updates
runtime: yaml
resources:
  office:
    type: kace:Label
    properties:
      name: office
      filter: { all: [ { property: hostname, operator: matches, value: "office-*" } ] }
  updates:
    type: kace:AgentUpdatePolicy
    properties:
      enabled: true
      labels: [ "\${office.name}" ]
      timezone: Europe/Berlin
      windows: [ { from: "22:00", to: "05:00" } ]
      blackoutWindows: [ { from: "20:00", to: "06:00", days: [ sunday ] } ]
      blackoutDates: [ { from: "12-24", to: "01-02", name: Christmas } ]
      rollout:
        - { percent: 10, after: 0h }
        - { percent: 50, after: 24h }
        - { percent: 100, after: 72h }
      maxFailures: 5%
`,
    typescript: `import * as kace from "@pulumi-kace/kace";

const office = new kace.Label("office", {
  name: "office",
  filter: { all: [{ property: "hostname", operator: "matches", value: "office-*" }] },
});
new kace.AgentUpdatePolicy("updates", {
  enabled: true,
  labels: [office.name],
  timezone: "Europe/Berlin",
  windows: [{ from: "22:00", to: "05:00" }],
  blackoutWindows: [{ from: "20:00", to: "06:00", days: ["sunday"] }],
  blackoutDates: [{ from: "12-24", to: "01-02", name: "Christmas" }],
  rollout: [
    { percent: 10, after: "0h" },
    { percent: 50, after: "24h" },
    { percent: 100, after: "72h" },
  ],
  maxFailures: "5%",
});
`,
    python: `import pulumi_kace as kace

office = kace.Label("office", name="office", filter={
    "all": [{"property": "hostname", "operator": "matches", "value": "office-*"}],
})
kace.AgentUpdatePolicy(
    "updates",
    enabled=True,
    labels=[office.name],
    timezone="Europe/Berlin",
    windows=[kace.UpdateWindowArgs(from_="22:00", to="05:00")],
    blackout_windows=[kace.UpdateWindowArgs(from_="20:00", to="06:00", days=["sunday"])],
    blackout_dates=[kace.UpdateBlackoutDatesArgs(from_="12-24", to="01-02", name="Christmas")],
    rollout=[
        kace.UpdateRolloutStepArgs(percent=10, after="0h"),
        kace.UpdateRolloutStepArgs(percent=50, after="24h"),
        kace.UpdateRolloutStepArgs(percent=100, after="72h"),
    ],
    max_failures="5%",
)
`,
  },
  {
    title: "Everybody, one version behind",
    description: "And whoever does not report any more, at once.",
    yaml: `name: updates-of-all
runtime: yaml
resources:
  updates:
    type: kace:AgentUpdatePolicy
    properties:
      enabled: true
      allMachines: true
      updateBrokenAgents: true
      version: n-1
      deniedVersions: [ "14.1.18" ]
      notes: 14.1.18 loses its scripts
`,
    typescript: `import * as kace from "@pulumi-kace/kace";

new kace.AgentUpdatePolicy("updates", {
  enabled: true,
  allMachines: true,
  updateBrokenAgents: true,
  version: "n-1",
  deniedVersions: ["14.1.18"],
  notes: "14.1.18 loses its scripts",
});
`,
    python: `import pulumi_kace as kace

kace.AgentUpdatePolicy(
    "updates",
    enabled=True,
    all_machines=True,
    update_broken_agents=True,
    version="n-1",
    denied_versions=["14.1.18"],
    notes="14.1.18 loses its scripts",
)
`,
  },
];
