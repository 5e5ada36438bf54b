import * as z from "zod";
import { defineProvider } from "../../provider/kit/define/provider.ts";
import { defineResource } from "../../provider/kit/define/resource.ts";
import type { WireComponent } from "../../provider/kit/pulumi/component.ts";

const inputs = z.object({
  title: z.string().meta({ description: "What it is called." }),
  text: z.string().meta({ description: "What it says." }),
  comment: z.string().optional().meta({ description: "What people say." }),
  zone: z.string().meta({ description: "Where it stands.", replaces: true }),
  owner: z.string().meta({ description: "Whose it is." }),
  folder: z.string().meta({ description: "Where it is kept." }),
  count: z.int().min(0).meta({ description: "How many." }),
  limit: z.int().meta({ description: "The most of it." }),
  retries: z.int().default(3).meta({ description: "How often again." }),
  ratio: z.number().meta({ description: "How much of it." }),
  weight: z.number().meta({ description: "How heavy." }),
  enabled: z.boolean().meta({ description: "Whether it works." }),
  verbose: z.boolean().meta({ description: "Whether it says more." }),
  size: z.enum(["small", "medium", "large"]).meta({ description: "How big.", typeName: "Size" }),
  color: z.string().meta({ description: "What it looks like." }),
  password: z.string().meta({ description: "What nobody may see.", secret: true }),
  endpoint: z
    .object({
      host: z.string().meta({ description: "Its machine." }),
      port: z.int().min(1).max(65_535).meta({ description: "Its door." }),
      path: z.string().optional().meta({ description: "The way behind the door." }),
    })
    .meta({ description: "How to reach it.", typeName: "Endpoint" }),
  tags: z.record(z.string(), z.string()).meta({ description: "Words about it." }),
  labels: z.array(z.string()).meta({ description: "More words about it." }),
  ports: z.array(z.int()).meta({ description: "Its doors." }),
});

const outputs = z.object({
  location: z.string().meta({ description: "Its address." }),
  revision: z.int().meta({ description: "1 after creation, one more with every update." }),
});

/** Twenty properties of all types, and handlers that make nothing: what is measured is what the kit costs. */
const item = defineResource({
  name: "Item",
  description: "An item of which nothing is made.",
  inputs,
  outputs,
}).handle<undefined>({
  async create({ logicalName, inputs: given }) {
    return { id: logicalName, outputs: { location: locationOf(given), revision: 1 } };
  },
  async update({ inputs: given, old }) {
    return { outputs: { location: locationOf(given), revision: old.outputs.revision + 1 } };
  },
  async delete() {
    // there is nothing
  },
});

function locationOf({ zone, title }: z.output<typeof inputs>): string {
  return `bench://${zone}/${title}`;
}

/** The provider whose calls are measured. Its twin in Go is in `twin/`. */
export const provider = defineProvider<z.ZodObject, undefined, WireComponent>({
  info: { name: "bench", displayName: "Bench", version: "1.0.0", description: "Makes nothing." },
  config: z.object({}),
  configure: async () => undefined,
  resources: [item],
});
