import * as z from "zod";

/** The organization that every appliance has. */
export const DEFAULT_ORGANIZATION = "default";

/** What an organization is called, where one that exists is named. */
export const namedOrganization = z.string().min(1).max(64);

/** How an organization can be called: it stands in commands and file names. */
export const ORGANIZATION_NAME = /^[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?$/;

/** An organization as programs name it, which may still be to be made: what none can be called is wrong at once. */
export const writtenOrganization = z
  .string()
  .max(64)
  .regex(ORGANIZATION_NAME, 'expected letters, digits, and ".", "_" or "-" between them, as organizations are called');

/** Which organization is meant; the one there always is, unless told otherwise. */
export const organization = namedOrganization.default(DEFAULT_ORGANIZATION);

/** The longest name that an appliance takes. */
export const MAX_NAME_LENGTH = 200;

/** A name that people read: one line, no blanks around it. */
export const name = z
  .string()
  .min(1)
  .max(MAX_NAME_LENGTH)
  .regex(/^\S(?:.*\S)?$/, "expected one line without blanks around it");

/** The URN of a Pulumi resource. */
export const urn = z.string().min(1).max(2_000);

/** Which resource asks for what an organization has one of. */
export const claim = z.object({
  urn: urn.optional(),
  /** What the resource was called when it set it last, if it has been renamed since. */
  formerUrn: urn.optional(),
});

/** A moment, RFC 3339. Answers are always in UTC, with milliseconds. */
export const moment = z.iso.datetime({ offset: true, error: 'expected a moment, such as "2027-06-30T18:00:00Z"' });

export const port = z.int().min(1).max(65_535);

/** Lower-case hexadecimal. */
export const sha256 = z.string().regex(/^[0-9a-f]{64}$/, "expected the 64 hexadecimal digits of a SHA-256");

/** How many machines a run works on just now: those it began and has recorded no outcome of. */
export const inFlight = z.int().min(0);

/** How far a run is that goes on, beside the outcomes that it recorded. */
export const runProgress = z.object({
  inFlight,
  /** Addresses where nobody is, so far: there are no outcomes of them. */
  absent: z.int().min(0),
});

/** How far a run is that goes on. */
export type RunProgress = z.output<typeof runProgress>;

/** How long a list may be at most in one answer. */
export const limit = z.int().min(1).max(1_000).default(100);

/** Where the answer before ended: its `next`. */
export const after = z.string().min(1).max(400).optional();

/** Present where there is more: the `after` of the next call. */
export const next = z.string().optional();

/** An answer that says nothing but that it was done. */
export const done = z.object({});

/** Deleting what is gone already is no error, but it is not said to have been deleted either. */
export const deleted = z.object({ deleted: z.boolean() });

/**
 * A process, such that others can say whether it has ended: its number means something only within `scope`, which
 * stands for one boot of one host and one space of process numbers.
 */
export const processIdentity = z.object({
  pid: z.int().min(1),
  scope: z.string().min(1).max(200),
  /** Tells a process from a later one of the same number. */
  start: z.string().max(40).optional(),
});

export type ProcessIdentity = z.output<typeof processIdentity>;
