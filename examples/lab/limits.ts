import { existsSync } from "node:fs";
import { readFile, rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import * as z from "zod";
import { isCode } from "./error.ts";
import { LABS_FOLDER, namesOf } from "./names.ts";

const LIMIT = "/proc/sys/fs/inotify/max_user_instances";
const RECORD = join(LABS_FOLDER, "inotify.json");
/** A host with systemd uses four or five; its services bring some of their own. */
const INSTANCES_PER_HOST = 16;

/** What the kernel's limit was before the first lab, and how many hosts with systemd each lab has. */
const limitRecord = z.object({ before: z.int(), hosts: z.record(z.string(), z.int()) });
export type LimitRecord = z.output<typeof limitRecord>;

/**
 * What the limit should be, and what is to be remembered (nothing once no lab is left), when the lab `prefix` has so
 * many hosts with systemd and of the others only `living` still are.
 */
export function accountFor(
  known: LimitRecord | undefined,
  change: { readonly now: number; readonly prefix: string; readonly hosts: number },
  living: (prefix: string) => boolean,
): { readonly limit: number; readonly record: LimitRecord | undefined } {
  const before = known?.before ?? change.now;
  const others = Object.entries(known?.hosts ?? {}).filter(([other]) => other !== change.prefix && living(other));
  const all = change.hosts > 0 ? [...others, [change.prefix, change.hosts] as const] : others;
  const total = all.reduce((sum, [, count]) => sum + count, 0);
  if (total === 0) return { limit: before, record: undefined };
  return { limit: before + total * INSTANCES_PER_HOST, record: { before, hosts: Object.fromEntries(all) } };
}

/**
 * Says how many hosts with systemd a lab has (0: it is going down), and sets the kernel's limit on inotify instances to
 * fit all labs; after the last it is what it was. The default of 128 is used up by 28 hosts. The caller holds the lock
 * of the labs.
 */
export async function setSystemdHosts(prefix: string, hosts: number): Promise<void> {
  const now = Number(await readFile(LIMIT, "utf8"));
  // A lab whose folder is gone ended without saying so.
  const { limit, record } = accountFor(await read(), { now, prefix, hosts }, (other) =>
    existsSync(namesOf(other).folder),
  );
  if (record === undefined) {
    await rm(RECORD, { force: true });
  } else {
    await writeFile(`${RECORD}.new`, JSON.stringify(record));
    await rename(`${RECORD}.new`, RECORD);
  }
  if (limit !== now) await writeFile(LIMIT, String(limit));
}

async function read(): Promise<LimitRecord | undefined> {
  try {
    return limitRecord.parse(JSON.parse(await readFile(RECORD, "utf8")));
  } catch (error) {
    if (isCode(error, "ENOENT")) return undefined;
    throw error;
  }
}
