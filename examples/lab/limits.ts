import { existsSync } from "node:fs";
import { readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import * as z from "zod";
import { isCode } from "./error.ts";
import { LABS_FOLDER, namesOf } from "./names.ts";

const LIMIT = "/proc/sys/fs/inotify/max_user_instances";
const RECORD = join(LABS_FOLDER, "inotify.json");
/** A host with systemd uses four or five; its services bring some of their own. */
const INSTANCES_PER_HOST = 16;

/** What the kernel's limit was before the first lab, and how many hosts with systemd each lab has. */
const record = z.object({ before: z.int(), hosts: z.record(z.string(), z.int()) });
type LimitRecord = z.output<typeof record>;

/**
 * Says how many hosts with systemd a lab has (0: it is going down), and sets the kernel's limit on inotify instances to
 * fit all labs; after the last it is what it was. The default of 128 is used up by 28 hosts. The caller holds the lock
 * of the labs.
 */
export async function setSystemdHosts(prefix: string, hosts: number): Promise<void> {
  const now = Number(await readFile(LIMIT, "utf8"));
  const known = (await read()) ?? { before: now, hosts: {} };
  const others = Object.entries(known.hosts).filter(
    // A lab whose folder is gone ended without saying so.
    ([other]) => other !== prefix && existsSync(namesOf(other).folder),
  );
  const all = Object.fromEntries(hosts > 0 ? [...others, [prefix, hosts] as const] : others);
  const total = Object.values(all).reduce((sum, count) => sum + count, 0);
  const wanted = total === 0 ? known.before : Math.max(known.before, known.before + total * INSTANCES_PER_HOST);
  if (total === 0) {
    await rm(RECORD, { force: true });
  } else {
    await writeFile(RECORD, JSON.stringify({ before: known.before, hosts: all } satisfies LimitRecord));
  }
  if (wanted !== now) await writeFile(LIMIT, String(wanted));
}

async function read(): Promise<LimitRecord | undefined> {
  try {
    return record.parse(JSON.parse(await readFile(RECORD, "utf8")));
  } catch (error) {
    if (isCode(error, "ENOENT")) return undefined;
    throw error;
  }
}
