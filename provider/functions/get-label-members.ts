import * as z from "zod";
import type { ApplianceAccess } from "../appliance/access.ts";
import { defineFunction } from "../kit/define/function.ts";
import { lookingIn, organizationArgument } from "./in-organization.ts";
import { membersOfLabel } from "./label-members.ts";

const member = z
  .object({
    kuid: z.string().meta({ description: "The KUID of its device." }),
    hostname: z.string().meta({ description: "Its host name." }),
    address: z.string().optional().meta({ description: "The first of its addresses." }),
    connected: z.boolean().meta({ description: "Whether its agent is connected now." }),
  })
  .meta({ typeName: "LabelMember", description: "A machine that has the label." });

const definition = defineFunction({
  name: "getLabelMembers",
  description: "The machines that have a label at this moment.",
  inputs: z.object({
    organization: organizationArgument(),
    label: z.string().min(1).max(200).meta({
      description:
        "The label, by its name or its id. In a program that makes the label, by its id: that is not known before there is a label to ask about.",
    }),
  }),
  outputs: z.object({
    members: z.array(member).meta({ description: "The approved devices that have it, by KUID." }),
    pending: z
      .array(z.string())
      .meta({ description: "What a label by hand lists and has not enrolled yet, or is not approved." }),
    count: z.int().meta({ description: "How many have it." }),
  }),
  examples: [
    {
      title: "Who has a label",
      yaml: `name: label-members
runtime: yaml
resources:
  databases:
    type: kace:Label
    properties:
      machines: [ db01, db02 ]
variables:
  members:
    fn::invoke:
      function: kace:getLabelMembers
      arguments:
        label: \${databases.id}
outputs:
  pending: \${members.pending}
`,
      typescript: `import * as kace from "@pulumi-kace/kace";

const databases = new kace.Label("databases", { machines: ["db01", "db02"] });
export const pending = kace.getLabelMembersOutput({ label: databases.id }).pending;
`,
      python: `import pulumi
import pulumi_kace as kace

databases = kace.Label("databases", machines=["db01", "db02"])
pulumi.export("pending", kace.get_label_members_output(label=databases.id).pending)
`,
    },
  ],
});

/** `kace:index:getLabelMembers`. */
export const getLabelMembers = definition.handle<ApplianceAccess>(async ({ inputs }, { client }) => {
  const { members, pending } = await lookingIn(client, inputs).read((appliance) =>
    membersOfLabel(appliance, inputs.label, ["label"]),
  );
  return { members, pending, count: members.length };
});
