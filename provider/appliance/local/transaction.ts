import type { Selectable } from "kysely";
import type * as z from "zod";
import type { ProcessIdentity } from "../operations/fields.ts";
import type { HistoryEntry } from "../operations/history.ts";
import type { Opened } from "./database.ts";
import { fixed } from "./fixed-query.ts";
import { jsonIn, notAsExpected } from "./kept-json.ts";
import type { PackageFolder } from "./package-folder.ts";
import { build } from "./query.ts";
import type { Tables } from "./tables.ts";

/** What of the world an appliance needs beside its database. */
export interface World {
  /** Milliseconds since 1970. */
  readonly now: () => number;
  readonly randomBytes: (count: number) => Buffer;
  /** IANA name; what schedules mean that name none. */
  readonly timezone: string;
  /** Whether a process has ended; undefined where that cannot be seen from here. */
  readonly hasEnded: (process: ProcessIdentity) => boolean | undefined;
  /** How many processes of this host wanted to run, on average over the last minute. */
  readonly loadAverage: () => number;
  /** How many devices may wait in quarantine before the oldest strangers among them are forgotten. */
  readonly quarantineLimit: number;
}

type Shown = string | number | boolean | null;

/** What one operation works with: one moment, one actor, one transaction. */
export interface Transaction extends Opened {
  readonly world: World;
  /** The one moment of this operation, milliseconds since 1970. */
  readonly now: number;
  readonly who: string;
  /** The one organization that whoever asks is kept to; undefined where they see all. */
  readonly within: string | undefined;
  /** The organization that the operation's input names. */
  readonly named: string | undefined;
  /** The operation's name. */
  readonly what: string;
  readonly packages: PackageFolder;
}

/** `token-0f3a…`: tells in a log what kind of thing it is the identity of. */
export function newId({ world }: Transaction, kind: string): string {
  return `${kind}-${world.randomBytes(10).toString("hex")}`;
}

const entryMade = fixed(
  ({ at, who, what, subject, subject_name, changes, organization }: Selectable<Omit<Tables["history"], "sequence">>) =>
    build.insertInto("history").values({ at, who, what, subject, subject_name, changes, organization }),
);

const organizationOfDevice = fixed(({ kuid }: { kuid: string }) =>
  build.selectFrom("devices").select("organization").where("kuid", "=", kuid),
);

/** Something that the history is of. */
export interface Subject {
  /** `token:token-1f…` */
  readonly subject: string;
  readonly subjectName: string;
  /** Whose it is, where that is known already. */
  readonly organization?: string;
}

/** Writes an entry of the history; nothing where nothing has changed. */
export function recordChanges(
  tx: Transaction,
  { subject, subjectName, organization }: Subject,
  changes: HistoryEntry["changes"],
): void {
  if (changes.length === 0) return;
  tx.queries.run(
    entryMade({
      at: tx.now,
      who: tx.who,
      what: tx.what,
      subject,
      subject_name: subjectName,
      changes: JSON.stringify(changes),
      organization: tx.within ?? tx.named ?? organization ?? organizationOf(tx, subject),
    }),
  );
}

/** Whose a change is where nobody says it: a device may change hands; what is deleted keeps what was said before. */
function organizationOf(tx: Transaction, subject: string): string | null {
  const kuid = /^device:(.+)$/.exec(subject)?.[1];
  const device = kuid === undefined ? undefined : tx.queries.first(organizationOfDevice({ kuid }));
  if (device !== undefined) return device.organization;
  const before = tx.queries.first(
    build
      .selectFrom("history")
      .select("organization")
      .where("subject", "=", subject)
      .orderBy("sequence", "desc")
      .limit(1),
  );
  return before?.organization ?? null;
}

/** What differs between two states of something; undefined stands for what is not there. */
export function changesBetween(
  before: Readonly<Record<string, unknown>>,
  after: Readonly<Record<string, unknown>>,
): HistoryEntry["changes"] {
  const properties = new Set([...Object.keys(before), ...Object.keys(after)]);
  return [...properties].flatMap((property) => {
    const [from, to] = [shown(before[property]), shown(after[property])];
    return from === to ? [] : [{ property, from, to }];
  });
}

/**
 * What the history says of a secret: only whether there was one, and is.
 * @example secretChange("value", { from: true, to: true }) // { property: "value", from: "[secret]", to: "[secret]" }
 */
export function secretChange(
  property: string,
  { from, to }: { readonly from: boolean; readonly to: boolean },
): HistoryEntry["changes"][number] {
  return { property, from: from ? SECRET : null, to: to ? SECRET : null };
}

const SECRET = "[secret]";

function shown(value: unknown): Shown {
  if (value === undefined || value === null) return null;
  if (typeof value === "string" || typeof value === "number" || typeof value === "boolean") return value;
  return JSON.stringify(value);
}

/** Reads a column of JSON. @throws ApplianceError `corrupt` */
export function fromColumn<Schema extends z.ZodType>(schema: Schema, text: string, what: string): z.output<Schema> {
  const parsed = schema.safeParse(jsonIn(text, what));
  if (parsed.success) return parsed.data;
  throw notAsExpected(what);
}

/** A moment of the database as the answers say it: RFC 3339 in UTC. */
export function moment(ms: number): string {
  return new Date(ms).toISOString();
}

/** As {@link moment}, for one that there may be none of. */
export function momentOrNone(ms: number | null): string | undefined {
  return ms === null ? undefined : moment(ms);
}
