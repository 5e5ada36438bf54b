import * as z from "zod";
import { after, deleted, limit, moment, name, next, organization, sha256, urn } from "./fields.ts";
import { defineOperations } from "./operation.ts";

const id = z.string().min(1).max(100);

/** A package, as bundles have it. */
export const packageFile = z.object({
  /** Without folders. */
  fileName: z
    .string()
    .max(255)
    .regex(/^[^/\\\p{Cc}]+$/u, "expected a file name without folders"),
  /** `linux`, for one. */
  platform: z.string().min(1).max(40),
  /** As the package's own world says it: `amd64`, `aarch64`, `all`. */
  architecture: z.string().min(1).max(40),
  /** `deb`, `rpm`, `tar.gz`. */
  format: z.string().min(1).max(20),
  version: z.string().min(1).max(100),
  sha256,
  sizeBytes: z.int().min(0),
});

/** One package of a bundle. */
export type PackageFile = z.output<typeof packageFile>;

/** A bundle, as answers have it. */
export const bundle = z.object({
  id,
  organization: z.string(),
  name: z.string(),
  urn: z.string().optional(),
  version: z.string(),
  /** Which kind of agent: `reference`, `quest`. */
  flavour: z.string(),
  packages: z.array(packageFile),
  createdAt: moment,
  updatedAt: moment,
  /** When the source of updates brought it; absent where somebody uploaded it. */
  downloadedAt: moment.optional(),
  /** Since when its packages may be given to machines; absent where it is only here. */
  loadedAt: moment.optional(),
});

/** An agent bundle: the packages of one version of one agent, for as many platforms as there are. */
export type Bundle = z.output<typeof bundle>;

export const bundleOperations = defineOperations({
  saveBundle: {
    description:
      "Makes a bundle, or changes the one of the given id or URN. The content of its packages must have been put before. A name that another bundle of the organization has is a conflict.",
    access: "write",
    input: z.object({
      organization,
      id: id.optional(),
      urn: urn.optional(),
      name,
      version: z.string().min(1).max(100),
      flavour: z.string().min(1).max(40),
      packages: z.array(packageFile).max(1_000),
      /** Whether its packages may be given to machines. Left out, a new one is loaded, and another one stays as it is. */
      loaded: z.boolean().optional(),
    }),
    output: bundle,
  },
  getBundle: {
    description: "A bundle.",
    access: "read",
    input: z.object({ id }),
    output: bundle,
  },
  findBundleByName: {
    description: "The bundle of a name; null where there is none.",
    access: "read",
    input: z.object({ organization, name }),
    output: bundle.nullable(),
  },
  listBundles: {
    description: "All bundles of an organization by name; with `loaded` only those that are loaded, or are not.",
    access: "read",
    input: z.object({ organization, loaded: z.boolean().optional(), limit, after }),
    output: z.object({ bundles: z.array(bundle), next }),
  },
  deleteBundle: {
    description:
      "Deletes a bundle, and the content of packages that no other bundle has. A conflict while something uses it.",
    access: "write",
    input: z.object({ id }),
    output: deleted,
  },
  hasPackage: {
    description: "Whether the content of a package is here.",
    access: "read",
    input: z.object({ sha256 }),
    output: z.object({ present: z.boolean(), sizeBytes: z.int().optional() }),
  },
});

export const loadingOperations = defineOperations({
  loadBundle: {
    description:
      "Loads a bundle for an organization, so that its packages may be given to machines: by its id, by the id of a download, or by a version. One that is loaded already stays so.",
    access: "write",
    input: z.object({ organization, id: id.optional(), version: z.string().min(1).max(100).optional() }),
    output: bundle,
  },
  unloadBundle: {
    description:
      "Takes a bundle from machines to come; it stays on the appliance, and agents stay as they are. A conflict while something uses it.",
    access: "write",
    input: z.object({ organization, id }),
    output: bundle,
  },
  getBundleUses: {
    description:
      "What uses a bundle, in words: while there is something it is neither deleted nor unloaded. With `packages`, what is left without a version if it had these in place of its own: this is done nevertheless, since an update policy may follow its bundle.",
    access: "read",
    input: z.object({ id, packages: z.array(packageFile).max(1_000).optional() }),
    output: z.object({ uses: z.array(z.string()) }),
  },
});
