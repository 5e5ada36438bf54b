import * as z from "zod";
import type { ApplianceAccess } from "../appliance/access.ts";
import { defineFunction } from "../kit/define/function.ts";
import { agentInstaller } from "../rollout/agent-installer.ts";
import { agentServer } from "./agent-server.ts";
import { lookingIn, organizationArgument } from "./in-organization.ts";

const SHA256 = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

const way = z
  .object({
    form: z.enum(["fileName", "environment", "arguments"]).meta({
      typeName: "InstallerWay",
      description: "How the installer is told: by the name of its file, by its environment, by arguments.",
    }),
    fileName: z.string().meta({ description: "What the package must be called." }),
    commands: z.array(z.string()).meta({
      description:
        "What to run, one after the other, as root (on Windows: as administrator) in the folder where the package is.",
    }),
    note: z.string().optional().meta({ description: "What must be known about it." }),
  })
  .meta({
    typeName: "InstallerForm",
    description: "A way to install an agent with its server and its token built in.",
  });

const definition = defineFunction({
  name: "getAgentInstaller",
  description:
    "An agent's package for machines that are installed by hand or by other tools, and the exact commands that tell it its server and its token: by the name of the file, by the environment, by arguments. Only packages of loaded bundles are given.",
  inputs: z.object({
    organization: organizationArgument(),
    platform: z.enum(["linux", "windows", "darwin"]).default("linux").meta({
      typeName: "InstallerPlatform",
      description:
        "What kind of machine it is for. The vendor's Windows and macOS packages are data here: their commands are the vendor's, and not tried by this project.",
    }),
    format: z.enum(["deb", "rpm", "tar.gz", "msi", "pkg", "dmg"]).optional().meta({
      typeName: "InstallerFormat",
      description: "The form of the package. Default: whichever is newest.",
    }),
    architecture: z.string().min(1).max(40).default("amd64").meta({
      description: "The processor, as Debian calls it: `amd64`, `arm64`, `386`.",
    }),
    version: z
      .string()
      .min(1)
      .max(100)
      .optional()
      .meta({ description: "The exact version. Default: the newest that is loaded." }),
    bundle: z
      .string()
      .min(1)
      .max(100)
      .optional()
      .meta({ description: "The `id` of an `AgentBundle`. Default: all that are loaded." }),
    token: z.string().min(1).max(1_000).optional().meta({
      description: "The value of the `AgentToken` that lets the agent in; without one it waits in quarantine.",
      secret: true,
    }),
    server: agentServer.optional().meta({ typeName: "InstallerServer", description: "Where the agent connects to." }),
  }),
  outputs: z.object({
    fileName: z.string().meta({ description: "The package as the appliance has it, without server and token." }),
    sha256: z.string().meta({ description: "Its checksum." }),
    sizeBytes: z.int().meta({ description: "Its size." }),
    version: z.string().meta({ description: "The version of the agent in it." }),
    flavour: z.string().meta({ description: "The kind of agent: `quest` or `reference`." }),
    format: z.string().meta({ description: "The form of the package." }),
    architecture: z.string().meta({ description: "The processor it is for; `all` for every one." }),
    bundle: z.string().meta({ description: "The id of the bundle it is in." }),
    url: z.string().optional().meta({
      description:
        "Where it is to be had from the appliance's server, with an API token as bearer. `kace installer --out` fetches it as well.",
    }),
    server: z.string().meta({ description: "Where the agent connects to, `host:port`." }),
    caCertificate: z.string().optional().meta({
      description:
        "The authority of the server's certificate (PEM), where machines must be told it: a file called `caFile` beside the package.",
    }),
    caFile: z.string().optional().meta({ description: "What that file is called." }),
    forms: z.array(way).meta({ description: "Every way there is. They hold the token.", secret: true }),
  }),
  examples: [
    {
      title: "A package with its server and its token built in",
      yaml: `name: installer
runtime: yaml
resources:
  token:
    type: kace:AgentToken
    properties:
      useLimit: 10
  agents:
    type: kace:AgentBundle
    properties:
      files:
        - path: ./packages/ampagent-14.1.19.ubuntu.64.deb
          sha256: ${SHA256}
variables:
  installer:
    fn::invoke:
      function: kace:getAgentInstaller
      arguments:
        bundle: \${agents.id}
        token: \${token.value}
        server:
          name: kbox.corp.example
outputs:
  fileName: \${installer.fileName}
  forms: \${installer.forms}
`,
      typescript: `import * as kace from "@pulumi-kace/kace";

const token = new kace.AgentToken("token", { useLimit: 10 });
const agents = new kace.AgentBundle("agents", {
  files: [{ path: "./packages/ampagent-14.1.19.ubuntu.64.deb", sha256: "${SHA256}" }],
});
const installer = kace.getAgentInstallerOutput({
  bundle: agents.id,
  token: token.value,
  server: { name: "kbox.corp.example" },
});
export const forms = installer.forms;
`,
      python: `import pulumi
import pulumi_kace as kace

token = kace.AgentToken("token", use_limit=10)
agents = kace.AgentBundle("agents", files=[{
    "path": "./packages/ampagent-14.1.19.ubuntu.64.deb",
    "sha256": "${SHA256}",
}])
installer = kace.get_agent_installer_output(
    bundle=agents.id, token=token.value, server={"name": "kbox.corp.example"}
)
pulumi.export("forms", installer.forms)
`,
    },
  ],
});

/** `kace:index:getAgentInstaller` (seed B6, B7). */
export const getAgentInstaller = definition.handle<ApplianceAccess>(async ({ inputs }, { client }) => {
  const { forms, ...installer } = await lookingIn(client, inputs).read((appliance) =>
    agentInstaller(inputs, appliance),
  );
  return { ...installer, forms: forms.map((one) => ({ ...one, commands: [...one.commands] })) };
});
