import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { referenceOf } from "../../provider/kit/define/reference.ts";
import { schemaOf } from "../../provider/kit/pulumi/schema.ts";
import { runOrThrow } from "../process/run.ts";
import type { Say } from "../process/say.ts";
import { obtainSdkgen } from "./sdkgen.ts";
import { readTree, type Tree } from "./tree.ts";

/** The folders under a root that hold nothing but what is generated. */
export const GENERATED_FOLDERS = ["schema", "sdk", "docs/reference"] as const;

const NOTE =
  "This folder is written by `npm run generate` from the descriptors under `provider/`. Do not edit it by hand.\n";

/**
 * Everything that is made from the descriptors of a provider: the package schema, the SDKs and the reference pages.
 *
 * @param providerModule path of a module that exports the provider as `provider`.
 * @throws Error when the module has no provider, or the generators refuse its schema.
 * @example const tree = await generate(join(root, "provider/kace.ts"), say); tree.get("schema/schema.json");
 */
export async function generate(providerModule: string, say: Say): Promise<Tree> {
  const module: { readonly provider?: Parameters<typeof schemaOf>[0] & Parameters<typeof referenceOf>[0] } =
    await import(pathToFileURL(providerModule).href);
  if (module.provider === undefined) throw new Error(`${providerModule} does not export a provider as \`provider\``);

  const tree = new Map<string, string>();
  const schema = `${JSON.stringify(schemaOf(module.provider), null, 2)}\n`;
  tree.set("schema/schema.json", schema);
  tree.set("schema/GENERATED.md", NOTE);
  tree.set("sdk/GENERATED.md", NOTE);
  for (const [path, content] of await generateSdks(schema, say)) tree.set(`sdk/${path}`, content);
  for (const [path, page] of referenceOf(module.provider)) tree.set(`docs/reference/${path}`, page);
  return tree;
}

/** The SDKs for a package schema, by path: `nodejs/...`, `python/...`, `go/...`. */
export async function generateSdks(schema: string, say: Say): Promise<Tree> {
  const sdkgen = await obtainSdkgen(say);
  const scratch = await mkdtemp(join(tmpdir(), "kace-sdkgen-"));
  try {
    const schemaFile = join(scratch, "schema.json");
    const output = join(scratch, "sdk");
    await writeFile(schemaFile, schema);
    await runOrThrow({ program: sdkgen, args: [schemaFile, output] });
    return await readTree(output, ["nodejs", "python", "go"]);
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
}
