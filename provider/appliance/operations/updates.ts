import * as z from "zod";
import { packageFile } from "./bundles.ts";
import { deleted, done, moment, name, organization, sha256 } from "./fields.ts";
import { defineOperations } from "./operation.ts";

/** When updates are looked for where nothing else is said; the vendor's own time. */
export const DEFAULT_CHECK_AT = "03:40";

/** A time of day, in the time zone of the server. */
const timeOfDay = z.string().regex(/^(?:[01]\d|2[0-3]):[0-5]\d$/, "expected a time of day such as 03:40");

const id = z.string().min(1).max(100);
const version = z.string().min(1).max(100);
const flavour = z.string().min(1).max(40);
const pem = z.string().min(1).max(100_000);
const fileName = z
  .string()
  .max(255)
  .regex(/^[^/\\\p{Cc}]+$/u, "expected a file name without folders");

const source = z.object({
  /** The absolute path of a directory of the server, or the https address of an index. */
  location: z
    .string()
    .max(2_000)
    .regex(/^[^\p{Cc}]+$/u, "expected one line"),
  /** The Ed25519 key (PEM) that archives must be signed by; without it the source must name their checksums. */
  publicKey: pem.optional(),
  /** The authority (PEM) of the address's certificate, beside those that the system knows. */
  caCertificate: pem.optional(),
});

/** Where newer agents are looked for. */
export type UpdateSource = z.output<typeof source>;

const download = z.object({
  id,
  name: z.string(),
  version,
  flavour,
  /** Of the archive that it came in. */
  fileName: z.string(),
  /** Of the archive that it came in. */
  sha256,
  packages: z.array(packageFile),
  downloadedAt: moment,
  /** The bundle that was made of it in the organization that was asked about. */
  bundleId: z.string().optional(),
  /** Since when that bundle is loaded. */
  loadedAt: moment.optional(),
});

/** An archive that the source of updates has brought. */
export type Download = z.output<typeof download>;

const updates = z.object({
  /** Absent where updates are not looked for. */
  location: z.string().optional(),
  /** Whether archives must be signed. */
  signed: z.boolean(),
  checkAt: timeOfDay,
  /** When the last check began, whatever came of it. */
  checkedAt: moment.optional(),
  /** When the next one is due; it takes a server that runs. */
  nextCheckAt: moment.optional(),
  /** When a check was asked for that has not been made yet. */
  requestedAt: moment.optional(),
  /** What was wrong at the last check. */
  fault: z.string().optional(),
  /** What was downloaded, the oldest first. */
  downloads: z.array(download),
});

/** What is known of newer agents. */
export type Updates = z.output<typeof updates>;

export const updateOperations = defineOperations({
  setUpdateSource: {
    description:
      "Says where newer agents are looked for, every day and at every start of the server; null takes away. Whatever is newer is downloaded, and not loaded. A new source is looked at at once.",
    access: "write",
    role: "admin",
    reach: "appliance",
    input: z.object({
      location: source.shape.location.nullable().optional(),
      publicKey: pem.nullable().optional(),
      caCertificate: pem.nullable().optional(),
      checkAt: timeOfDay.nullable().optional(),
    }),
    output: updates,
  },
  getUpdates: {
    description:
      "What was downloaded, and which of it the organization has loaded; when newer agents were looked for last, what was wrong then, and when they are looked for next.",
    access: "read",
    input: z.object({ organization }),
    output: updates,
  },
  requestUpdateCheck: {
    description: "Asks `kace serve` to look for newer agents now. A conflict where there is no source.",
    access: "write",
    role: "admin",
    reach: "appliance",
    input: z.object({}),
    output: z.object({ requestedAt: moment }),
  },
  getUpdateGround: {
    description:
      "What a check goes by: the source, the newest version that is here of every kind of agent, and the archives that were downloaded.",
    access: "read",
    role: "admin",
    reach: "appliance",
    input: z.object({}),
    output: z.object({
      source: source.optional(),
      newest: z.array(z.object({ flavour, version })),
      archives: z.array(sha256),
    }),
  },
  saveDownload: {
    description:
      "Keeps what was downloaded, for every organization to load. The content of its packages must have been put before. An archive that is here already stays as it is.",
    access: "write",
    role: "admin",
    reach: "appliance",
    input: z.object({ name, version, flavour, fileName, sha256, packages: z.array(packageFile).min(1).max(1_000) }),
    output: download,
  },
  deleteDownload: {
    description: "Forgets a download; the bundles that were made of it stay.",
    access: "write",
    role: "admin",
    reach: "appliance",
    input: z.object({ id }),
    output: deleted,
  },
  settleUpdateCheck: {
    description: "Says that a check that began at a moment has been made, and what was wrong.",
    access: "write",
    role: "admin",
    reach: "appliance",
    input: z.object({ startedAt: moment, fault: z.string().max(4_000).optional() }),
    output: done,
  },
});
