import type { Example } from "../kit/define/call.ts";

/** Programs that show an `Organization`. */
export const organizationExamples: readonly Example[] = [
  {
    title: "An organization, and a token in it",
    description: "A provider of its own works in the organization.",
    yaml: `name: organization
runtime: yaml
resources:
  berlin:
    type: kace:Organization
    properties:
      name: berlin
      description: The plant in Berlin
  inBerlin:
    type: pulumi:providers:kace
    properties:
      organization: \${berlin.name}
  site:
    type: kace:AgentToken
    properties:
      useLimit: 500
    options:
      provider: \${inBerlin}
`,
    typescript: `import * as kace from "@pulumi-kace/kace";

const berlin = new kace.Organization("berlin", { name: "berlin", description: "The plant in Berlin" });
const inBerlin = new kace.Provider("inBerlin", { organization: berlin.name });
const site = new kace.AgentToken("site", { useLimit: 500 }, { provider: inBerlin });
`,
    python: `import pulumi
import pulumi_kace as kace

berlin = kace.Organization("berlin", name="berlin", description="The plant in Berlin")
in_berlin = kace.Provider("inBerlin", organization=berlin.name)
site = kace.AgentToken("site", use_limit=500, opts=pulumi.ResourceOptions(provider=in_berlin))
`,
  },
];
