import type { Example } from "../kit/define/call.ts";

/** Programs that show an `AgentToken`. */
export const agentTokenExamples: readonly Example[] = [
  {
    title: "A token that ends by itself",
    yaml: `name: token
runtime: yaml
resources:
  berlin:
    type: kace:AgentToken
    properties:
      expiresAt: "2035-06-30"
      useLimit: 500
outputs:
  token: \${berlin.value}
`,
    typescript: `import * as kace from "@pulumi-kace/kace";

const berlin = new kace.AgentToken("berlin", { expiresAt: "2035-06-30", useLimit: 500 });
export const token = berlin.value;
`,
    python: `import pulumi
import pulumi_kace as kace

berlin = kace.AgentToken("berlin", expires_at="2035-06-30", use_limit=500)
pulumi.export("token", berlin.value)
`,
  },
  {
    title: "Rotation with overlap",
    description: "A new trigger gives the token a new value; installers that still bring the one before have a day.",
    yaml: `name: rotation
runtime: yaml
resources:
  berlin:
    type: kace:AgentToken
    properties:
      rotation:
        trigger: 2027-Q1
        overlap: 24h
outputs:
  token: \${berlin.value}
`,
    typescript: `import * as kace from "@pulumi-kace/kace";

const berlin = new kace.AgentToken("berlin", { rotation: { trigger: "2027-Q1", overlap: "24h" } });
export const token = berlin.value;
`,
    python: `import pulumi
import pulumi_kace as kace

berlin = kace.AgentToken("berlin", rotation={"trigger": "2027-Q1", "overlap": "24h"})
pulumi.export("token", berlin.value)
`,
  },
];
