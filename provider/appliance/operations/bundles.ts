import * as z from "zod";
import { after, deleted, limit, moment, name, next, organization, sha256, urn } from "./fields.ts";
import { defineOperations } from "./operation.ts";

const id = z.string().min(1).max(100);

const packageFile = z.object({
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

const bundle = z.object({
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
    description: "All bundles of an organization by name.",
    access: "read",
    input: z.object({ organization, limit, after }),
    output: z.object({ bundles: z.array(bundle), next }),
  },
  deleteBundle: {
    description: "Deletes a bundle, and the content of packages that no other bundle has.",
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
