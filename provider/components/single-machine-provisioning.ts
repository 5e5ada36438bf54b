import { isIP } from "node:net";
import type * as library from "@pulumi/pulumi";
import * as z from "zod";
import { defineComponent } from "../kit/define/component.ts";
import { implementComponent, type PulumiLibrary } from "../kit/pulumi/component.ts";

const definition = defineComponent({
  name: "SingleMachineProvisioning",
  description:
    "The simple form of provisioning: one machine, with defaults for everything else. The configuration is called `Simple Provisioning - <address>`, as on the appliance's own page.",
  inputs: z.object({
    organization: z
      .string()
      .optional()
      .meta({ description: "The organization that the configuration lives in, by name. Default: the provider's own." }),
    target: z
      .string()
      .min(1)
      .meta({ description: "The machine's address, or its host name.", examples: ["192.168.2.10"] }),
    action: z
      .enum(["install", "remove"])
      .default("install")
      .meta({
        description: "What to do.",
        typeName: "SingleMachineAction",
        valueDescriptions: { install: "Install the agent, or see to it that it runs.", remove: "Remove the agent." },
      }),
    platform: z
      .enum(["linux"])
      .default("linux")
      .meta({ description: "The machine's operating system.", typeName: "SingleMachinePlatform" }),
    username: z.string().min(1).default("root").meta({ description: "Who to log in as: root, or who may use sudo." }),
    password: z.string().optional().meta({ description: "The password of `username`, for sudo too.", secret: true }),
    privateKey: z.string().optional().meta({ description: "The text of a private key.", secret: true }),
    passphrase: z.string().optional().meta({ description: "What the private key is encrypted with.", secret: true }),
    bundle: z.string().optional().meta({ description: "The id of the `AgentBundle` to install from." }),
    token: z.string().optional().meta({ description: "The value of an `AgentToken`.", secret: true }),
    serverName: z
      .string()
      .optional()
      .meta({ description: "The name under which the agent finds its server. Default: the appliance's own." }),
  }),
  outputs: z.object({
    configurationId: z.string().meta({ description: "The id of the configuration that was made." }),
    configurationName: z.string().meta({ description: "Its name: `Simple Provisioning - <address>`." }),
    result: z.string().meta({ description: "How it ended, as a stable word; see the list of outcomes." }),
  }),
  examples: [
    {
      title: "One machine",
      yaml: `name: single
runtime: yaml
config:
  target:
    type: string
    default: 127.0.0.1
resources:
  agents:
    type: kace:AgentBundle
    properties:
      files:
        - path: ./packages/ampagent-14.1.19.ubuntu.64.deb
          sha256: e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855
  one:
    type: kace:SingleMachineProvisioning
    properties:
      target: \${target}
      username: root
      password:
        fn::secret: change-me
      bundle: \${agents.id}
      serverName: kbox.corp.example
outputs:
  result: \${one.result}
`,
      typescript: `import * as kace from "@pulumi-kace/kace";
import * as pulumi from "@pulumi/pulumi";

const one = new kace.SingleMachineProvisioning("one", {
  target: "192.168.2.10",
  password: new pulumi.Config().requireSecret("password"),
  bundle: "bundle-of-the-appliance",
  serverName: "kbox.corp.example",
});
export const result = one.result;
`,
      python: `import pulumi
import pulumi_kace as kace

one = kace.SingleMachineProvisioning("one",
    target="192.168.2.10",
    password=pulumi.Output.secret("change-me"),
    bundle="bundle-of-the-appliance",
    server_name="kbox.corp.example")
pulumi.export("result", one.result)
`,
    },
  ],
});

/** A `ProvisioningConfig`, as an SDK of this provider would have it. */
function newConfiguration(
  pulumi: PulumiLibrary,
  name: string,
  properties: Record<string, library.Input<unknown>>,
  parent: library.Resource,
) {
  class ProvisioningConfig extends pulumi.CustomResource {
    declare readonly results: library.Output<Record<string, { readonly code: string }>>;
    declare readonly name: library.Output<string>;
  }
  return new ProvisioningConfig(
    "kace:index:ProvisioningConfig",
    name,
    { results: undefined, summary: undefined, ...properties },
    { parent },
  );
}

/** `kace:index:SingleMachineProvisioning` (seed A6). */
export const singleMachineProvisioning = implementComponent(definition, {
  async construct({ pulumi, type, name, inputs, options }) {
    const component = new pulumi.ComponentResource(type, name, {}, options);
    const target = pulumi.output(inputs.target);
    const removes = pulumi.output(inputs.action).apply((action) => action === "remove");
    const configuration = newConfiguration(
      pulumi,
      name,
      {
        organization: inputs.organization,
        name: pulumi.interpolate`Simple Provisioning - ${target}`,
        targets: target.apply((text) => (isIP(text) === 0 ? { hostnames: [text] } : { ips: [text] })),
        state: removes.apply((remove) => (remove ? "removed" : "present")),
        server: pulumi.output(inputs.serverName).apply((host) => (host === undefined ? undefined : { name: host })),
        agent: pulumi
          .all([inputs.bundle, inputs.token])
          .apply(([bundle, token]) => ({ ...(bundle && { bundle }), ...(token && { token }) })),
        linux: pulumi
          .all([inputs.username, inputs.password, inputs.privateKey, inputs.passphrase])
          .apply(([username, password, privateKey, passphrase]) => ({
            username,
            ...(password && { password }),
            ...(privateKey && { privateKey }),
            ...(passphrase && { passphrase }),
            ...(username !== "root" && { become: { method: "sudo" } }),
          })),
      },
      component,
    );
    return {
      component,
      outputs: {
        configurationId: configuration.id,
        configurationName: configuration.name,
        result: pulumi
          .all([configuration.results, target])
          .apply(([results, key]) => Object.values(results ?? {})[0]?.code ?? `no result for ${key}`),
      },
    };
  },
});
