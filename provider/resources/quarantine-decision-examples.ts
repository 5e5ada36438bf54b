import type { Example } from "../kit/define/call.ts";

/** Programs that show a `QuarantineDecision`. */
export const quarantineDecisionExamples: readonly Example[] = [
  {
    title: "One machine, and rules for the others",
    description: "Rules are asked in the order of their priorities; the first that means a device decides.",
    yaml: `name: quarantine
runtime: yaml
resources:
  stolen:
    type: kace:QuarantineDecision
    properties:
      decision: block
      kuid: 6f1d1c2e-0f6b-4c53-9d0c-2f7e8a1b9c3d
  guests:
    type: kace:QuarantineDecision
    properties:
      decision: block
      priority: 10
      rule:
        all:
          - { property: address, operator: inRange, value: 10.99.0.0/16 }
  office:
    type: kace:QuarantineDecision
    properties:
      decision: approve
      priority: 20
      rule:
        all:
          - { property: hostname, operator: matches, value: "*.corp.example" }
          - { property: os.id, operator: equals, value: debian }
`,
    typescript: `import * as kace from "@pulumi-kace/kace";

new kace.QuarantineDecision("stolen", { decision: "block", kuid: "6f1d1c2e-0f6b-4c53-9d0c-2f7e8a1b9c3d" });
new kace.QuarantineDecision("guests", {
  decision: "block",
  priority: 10,
  rule: { all: [{ property: "address", operator: "inRange", value: "10.99.0.0/16" }] },
});
new kace.QuarantineDecision("office", {
  decision: "approve",
  priority: 20,
  rule: {
    all: [
      { property: "hostname", operator: "matches", value: "*.corp.example" },
      { property: "os.id", operator: "equals", value: "debian" },
    ],
  },
});
`,
    python: `import pulumi_kace as kace

kace.QuarantineDecision("stolen", decision="block", kuid="6f1d1c2e-0f6b-4c53-9d0c-2f7e8a1b9c3d")
kace.QuarantineDecision("guests", decision="block", priority=10, rule={
    "all": [{"property": "address", "operator": "inRange", "value": "10.99.0.0/16"}],
})
kace.QuarantineDecision("office", decision="approve", priority=20, rule={
    "all": [
        {"property": "hostname", "operator": "matches", "value": "*.corp.example"},
        {"property": "os.id", "operator": "equals", "value": "debian"},
    ],
})
`,
  },
];
