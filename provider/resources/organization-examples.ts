import type { Example } from "../kit/define/call.ts";

/** Programs that show an `Organization`. */
export const organizationExamples: readonly Example[] = [
  {
    title: "An organization, and what lives in it",
    description: "Whatever names no organization lives in the provider's own, and the two know nothing of one another.",
    yaml: `name: organization-and-contents
runtime: yaml
resources:
  berlin:
    type: kace:Organization
    properties:
      name: berlin
      description: The plant in Berlin
  databases:
    type: kace:Label
    properties:
      organization: \${berlin.name}
      name: databases
      machines: [ db01, db02 ]
  site:
    type: kace:AgentToken
    properties:
      organization: \${berlin.name}
      useLimit: 500
  own:
    type: kace:Label
    properties:
      name: databases
      machines: [ db91 ]
`,
    typescript: `import * as kace from "@pulumi-kace/kace";

const berlin = new kace.Organization("berlin", { name: "berlin", description: "The plant in Berlin" });
const databases = new kace.Label("databases", {
  organization: berlin.name,
  name: "databases",
  machines: ["db01", "db02"],
});
const site = new kace.AgentToken("site", { organization: berlin.name, useLimit: 500 });
const own = new kace.Label("own", { name: "databases", machines: ["db91"] });
`,
    python: `import pulumi_kace as kace

berlin = kace.Organization("berlin", name="berlin", description="The plant in Berlin")
databases = kace.Label("databases", organization=berlin.name, name="databases", machines=["db01", "db02"])
site = kace.AgentToken("site", organization=berlin.name, use_limit=500)
own = kace.Label("own", name="databases", machines=["db91"])
`,
  },
  {
    title: "A provider of its own for an organization",
    description: "All that it makes lives in the organization.",
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
