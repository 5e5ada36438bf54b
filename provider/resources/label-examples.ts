import type { Example } from "../kit/define/call.ts";

/** Programs that show a `Label`. */
export const labelExamples: readonly Example[] = [
  {
    title: "Labels by hand and by filter",
    description: "The third means all machines of the first two, but those with an old agent.",
    yaml: `name: labels
runtime: yaml
resources:
  databases:
    type: kace:Label
    properties:
      name: databases
      machines: [ db01, db02.corp.example ]
  berlin:
    type: kace:Label
    properties:
      name: berlin
      filter:
        any:
          - { property: address, operator: inRange, value: 10.20.0.0/16 }
          - { property: hostname, operator: matches, value: "ber-*" }
  maintained:
    type: kace:Label
    properties:
      name: maintained
      filter:
        any:
          - { property: label, operator: equals, value: "\${databases.name}" }
          - { property: label, operator: equals, value: "\${berlin.name}" }
        none:
          - { property: agentVersion, operator: versionBelow, value: "14.0" }
`,
    typescript: `import * as kace from "@pulumi-kace/kace";

const databases = new kace.Label("databases", { name: "databases", machines: ["db01", "db02.corp.example"] });
const berlin = new kace.Label("berlin", {
  name: "berlin",
  filter: {
    any: [
      { property: "address", operator: "inRange", value: "10.20.0.0/16" },
      { property: "hostname", operator: "matches", value: "ber-*" },
    ],
  },
});
new kace.Label("maintained", {
  name: "maintained",
  filter: {
    any: [
      { property: "label", operator: "equals", value: databases.name },
      { property: "label", operator: "equals", value: berlin.name },
    ],
    none: [{ property: "agentVersion", operator: "versionBelow", value: "14.0" }],
  },
});
`,
    python: `import pulumi_kace as kace

databases = kace.Label("databases", name="databases", machines=["db01", "db02.corp.example"])
berlin = kace.Label("berlin", name="berlin", filter={
    "any": [
        {"property": "address", "operator": "inRange", "value": "10.20.0.0/16"},
        {"property": "hostname", "operator": "matches", "value": "ber-*"},
    ],
})
kace.Label("maintained", name="maintained", filter={
    "any": [
        {"property": "label", "operator": "equals", "value": databases.name},
        {"property": "label", "operator": "equals", "value": berlin.name},
    ],
    "none": [{"property": "agentVersion", "operator": "versionBelow", "value": "14.0"}],
})
`,
  },
];
