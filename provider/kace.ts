import * as z from "zod";
import packageJson from "../package.json" with { type: "json" };
import { recommendRunInterval } from "./functions/recommend-run-interval.ts";
import { defineProvider } from "./kit/define/provider.ts";
import type { WireComponent } from "./kit/pulumi/component.ts";

/** The provider `kace`: everything it offers, in one list. */
export const provider = defineProvider<z.ZodObject, unknown, WireComponent>({
  info: {
    name: "kace",
    displayName: "KACE",
    version: packageJson.version,
    description: packageJson.description,
    keywords: ["pulumi", "kace", "endpoint-management", "kind/native", "category/infrastructure"],
    license: packageJson.license,
    publisher: "pulumi-kace",
    sdks: {
      nodejs: "@pulumi-kace/kace",
      python: "pulumi_kace",
      go: "pulumi-kace/sdk/go/kace",
      dotnet: "PulumiKace",
      java: "com.pulumikace",
    },
  },
  config: z.object({}),
  configure: async () => undefined,
  functions: [recommendRunInterval],
});
