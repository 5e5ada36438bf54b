import { copyFile, cp, symlink } from "node:fs/promises";
import { createRequire } from "node:module";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type * as pulumi from "@pulumi/pulumi";
import { runOrThrow } from "../../../tools/process/run.ts";

const at = (path: string) => fileURLToPath(new URL(`../../../${path}`, import.meta.url));

type Made<Outputs> = new (name: string, args?: pulumi.Inputs) => pulumi.CustomResource & Outputs;

/** As much of the generated SDK as the programs here use; the examples are checked against all of its types. */
export interface NodeSdk {
  readonly AgentToken: Made<{ readonly value: pulumi.Output<string> }>;
  readonly AgentBundle: Made<object>;
  readonly ProvisioningConfig: Made<{
    readonly summary: pulumi.Output<object>;
    readonly results: pulumi.Output<object>;
  }>;
}

/** Compiles the SDK as it is shipped into a folder, by the way its users compile it, and loads it. */
export async function loadNodeSdk(folder: string): Promise<NodeSdk> {
  await cp(at("sdk/nodejs"), folder, { recursive: true });
  await symlink(at("node_modules"), join(folder, "node_modules"));
  await runOrThrow({ program: process.execPath, args: [at("node_modules/typescript/bin/tsc"), "--project", folder] });
  await copyFile(join(folder, "package.json"), join(folder, "bin", "package.json"));
  const sdk: NodeSdk = createRequire(import.meta.url)(join(folder, "bin", "index.js"));
  return sdk;
}
