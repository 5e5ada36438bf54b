import { createReadStream } from "node:fs";
import * as z from "zod";
import { type ApplianceAccess, providerErrorOf } from "../appliance/access.ts";
import { ApplianceError } from "../appliance/errors.ts";
import type { Bundle, PackageFile } from "../appliance/operations/bundles.ts";
import { MAX_NAME_LENGTH } from "../appliance/operations/fields.ts";
import type { Context } from "../kit/define/call.ts";
import { ProviderError } from "../kit/define/errors.ts";
import { defineResource, type Finding, type UpdatePreviewRequest } from "../kit/define/resource.ts";
import { agentBundleExamples } from "./agent-bundle-examples.ts";
import { readArchive } from "./bundle-archive.ts";
import { type BundleContents, readBundle } from "./bundle-contents.ts";
import { bundleToCome } from "./bundle-to-come.ts";
import { foundOrGone } from "./found-or-gone.ts";
import { inItsOrganization, organizationInput } from "./in-organization.ts";
import { wholly } from "./known.ts";
import { objectName } from "./object-name.ts";

const SHA256 = /^[0-9a-fA-F]{64}$/;

const file = z
  .object({
    path: z.string().min(1).meta({ description: "Where it is; relative to the program's folder." }),
    sha256: z
      .string()
      .regex(SHA256, { error: "expected the 64 hexadecimal digits of a SHA-256, as `sha256sum` prints them" })
      .meta({ description: "What it must be." }),
  })
  .meta({ typeName: "BundleFile", description: "A package and its checksum." });

const archive = z
  .object({
    path: z.string().min(1).meta({ description: "Where it is; relative to the program's folder." }),
    sha256: z
      .string()
      .regex(SHA256, { error: "expected the 64 hexadecimal digits of a SHA-256, as `sha256sum` prints them" })
      .optional()
      .meta({ description: "What it must be. Needed unless there is a `publicKey`." }),
    publicKey: z.string().min(1).optional().meta({
      description: "The Ed25519 key, in PEM form, that it must be signed by. Needed unless there is a `sha256`.",
    }),
  })
  .meta({ typeName: "BundleArchive", description: "An archive of packages, and what proves it." });

const contained = z
  .object({
    fileName: z.string().meta({ description: "Its name." }),
    platform: z.string().meta({ description: "What it is for: `linux`." }),
    architecture: z.string().meta({ description: "The processor it is for, as Debian calls it: `amd64`." }),
    format: z.string().meta({ description: "`deb`, `rpm` or `tar.gz`." }),
    version: z.string().meta({ description: "The version of the agent in it." }),
    sha256: z.string().meta({ description: "Its checksum." }),
    sizeBytes: z.int().meta({ description: "Its size." }),
  })
  .meta({ typeName: "BundlePackage", description: "A package of the bundle." });

const inputs = z.object({
  organization: organizationInput(),
  name: objectName()
    .optional()
    .meta({ description: "Its name, unique in its organization.", autoname: { maxLength: MAX_NAME_LENGTH } }),
  files: z.array(file).optional().meta({ description: "The packages one by one." }),
  folder: z
    .string()
    .min(1)
    .optional()
    .meta({ description: "A folder of packages; relative to the program's folder. Needs `checksums`." }),
  checksums: z.string().min(1).optional().meta({
    description:
      "The text of the folder's SHA256SUMS file, as `sha256sum` writes it: only what it names is loaded. In YAML `fn::readFile` reads it.",
  }),
  archive: archive.optional().meta({
    description:
      "One archive of packages (`.kbin`, as `kace bundle pack` makes them), proved by its checksum or its signature.",
  }),
  load: z.boolean().default(true).meta({
    description:
      "Whether its packages may be given to machines. `false` only uploads them: they are loaded later, here or by `kace bundle load`.",
  }),
});

const definition = defineResource({
  name: "AgentBundle",
  description:
    "The installers of one kind of agent, for as many platforms and versions as there are, loaded on the appliance. Every package comes with its SHA-256; one that differs is refused before anything is sent anywhere. Kind, platform and version are read from the file names, which are the vendor's own.",
  inputs,
  outputs: z.object({
    version: z.string().meta({ description: "The newest version among the packages.", examples: ["14.1.19"] }),
    flavour: z.string().meta({ description: "The kind of agent: `quest` or `reference`." }),
    packages: z.array(contained).meta({ description: "What was uploaded." }),
  }),
  examples: agentBundleExamples,
});

/** Loads what a program names. @throws ProviderError `failed-precondition` for files that are not what they should be */
async function load(
  {
    urn,
    id,
    name,
    source,
    loaded,
  }: {
    readonly urn: string;
    readonly id?: string;
    readonly name: string;
    readonly source: BundleContents;
    readonly loaded: boolean;
  },
  client: ApplianceAccess,
): Promise<Bundle> {
  const { flavour, version, packages, findings } = await readBundle(source, client);
  const [finding] = findings;
  if (finding !== undefined) throw refused(finding);
  return client.write(async (appliance) => {
    const archived = new Set<string>();
    for (const { sha256, sizeBytes, from } of packages) {
      if ((await appliance.hasPackage({ sha256 })).present) continue;
      if (from === undefined) archived.add(sha256);
      else await appliance.putPackage(sha256, sizeBytes, createReadStream(from.path));
    }
    if (archived.size > 0 && source.archive !== undefined) {
      const read = await readArchive(source.archive, process.cwd(), async ({ sha256, sizeBytes }, content) => {
        if (archived.has(sha256)) await appliance.putPackage(sha256, sizeBytes, content);
      });
      if ("problem" in read) throw refused(read.problem); // it was another one a moment ago
    }
    const given = { urn, ...(id !== undefined && { id }), name, version, flavour, loaded };
    return saved(appliance.saveBundle({ ...given, packages: packages.map(({ from: _from, ...item }) => item) }));
  });
}

/** What the appliance has saved. @throws ProviderError at `load` where that is what it refuses */
async function saved(saving: Promise<Bundle>): Promise<Bundle> {
  try {
    return await saving;
  } catch (error) {
    const isLoading = error instanceof ApplianceError && error.problems?.[0]?.path[0] === "loaded";
    throw isLoading ? providerErrorOf(error, ["load"]) : error;
  }
}

/** Says in a preview what uses a bundle that is to be unloaded, and what uses versions that are to go from it. */
async function sayUses(
  { id, inputs, old, changes }: UpdatePreviewRequest<BundleInputs, unknown>,
  { client, log }: Context<ApplianceAccess>,
): Promise<void> {
  const usesOf = async (packages?: PackageFile[]) =>
    (await client.read((appliance) => foundOrGone(appliance.getBundleUses({ id, packages }))))?.uses ?? [];
  if (inputs.load === false) {
    const uses = old.inputs.load === false ? [] : await usesOf();
    if (uses.length > 0)
      log.warn(
        `load: the bundle is used by ${uses.join(", ")}: it is unloaded only if that uses another one by then, else this is refused`,
      );
    return;
  }
  const { files, folder, checksums, archive: packed } = inputs;
  const changed = changes.find(({ path: [property] }) => typeof property === "string" && SOURCES.has(property));
  const source = wholly<BundleContents>({ files, folder, checksums, archive: packed });
  if (changed === undefined || source === undefined) return;
  const { packages, findings } = await readBundle(source, client);
  if (findings.length > 0) return; // the check has said so
  const uses = await usesOf(packages.map(({ from: _from, ...item }) => item));
  if (uses.length > 0)
    log.warn(
      `${changed.path[0]}: the bundle is used by ${uses.join(", ")}, and loses that version: it updates nobody there until it wants another one, as \`version: bundle.version\` does by itself`,
    );
}

/** The properties that say what is in a bundle. */
const SOURCES: ReadonlySet<string> = new Set(["files", "folder", "checksums", "archive"]);

type BundleInputs = z.output<typeof inputs>;

function refused({ path, reason }: Finding): ProviderError {
  return new ProviderError({ code: "failed-precondition", path, message: reason });
}

function outputsOf({ version, flavour, packages }: Bundle) {
  return { version, flavour, packages };
}

/** `kace:index:AgentBundle`. */
export const agentBundle = inItsOrganization(definition, (appliance, name) =>
  appliance.findBundleByName({ name }),
).handle({
  async check({ urn, inputs }, { client }) {
    client.bundles.forget(urn);
    const { files, folder, checksums, archive: packed } = inputs;
    // What is not known yet is looked at when it is loaded.
    const source = wholly<BundleContents>({ files, folder, checksums, archive: packed });
    return source === undefined ? [] : (await readBundle(source, client)).findings;
  },

  async create({ urn, logicalName, inputs }, { client }) {
    const made = await load({ urn, name: inputs.name ?? logicalName, source: inputs, loaded: inputs.load }, client);
    return { id: made.id, outputs: outputsOf(made) };
  },

  async previewUpdate(request, context) {
    await sayUses(request, context);
    const bundle = await bundleToCome(request.id, request.inputs, context.client);
    if (bundle !== undefined) context.client.bundles.expect(request.urn, bundle);
    return {};
  },

  async read({ id, old }, { client }) {
    const found = await client.read((appliance) => foundOrGone(appliance.getBundle({ id })));
    if (found === undefined) return undefined;
    const inputs = { organization: found.organization, name: found.name, load: found.loadedAt !== undefined };
    // An import cannot know where the packages came from; what was loaded is what a program would have to name.
    const files = found.packages.map(({ fileName, sha256 }) => ({ path: fileName, sha256 }));
    return { inputs: old === undefined ? { ...inputs, files } : inputs, outputs: outputsOf(found) };
  },

  async update({ id, urn, inputs, old }, { client }) {
    client.bundles.forget(urn);
    const name = inputs.name ?? old.inputs.name ?? id;
    const made = await load({ urn, id, name, source: inputs, loaded: inputs.load }, client);
    return { outputs: outputsOf(made) };
  },

  async delete({ id }, { client }) {
    await client.write((appliance) => appliance.deleteBundle({ id }));
  },

  async *list({ limit }, { client }) {
    const page = limit === 0 ? 1_000 : Math.min(limit, 1_000);
    const { bundles } = await client.read((appliance) => appliance.listBundles({ limit: page }));
    for (const { id, name } of bundles) yield { id, name };
  },
});
