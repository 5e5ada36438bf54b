import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import type { Appliance, Input } from "../../appliance/appliance.ts";
import type { Updates } from "../../appliance/operations/updates.ts";
import { inOptions, type OptionOf } from "../input-faults.ts";
import { publicKeyIn } from "../key-file.ts";
import { CommandError, type CommandSession, type ExitCode, UsageError } from "../session.ts";
import { certificatesFrom } from "../text-file.ts";

/** What `kace bundle source` is told; nothing of it only shows what holds. */
export interface SourceArguments {
  readonly set?: string | undefined;
  readonly none?: boolean | undefined;
  readonly publicKey?: string | undefined;
  readonly sourceCa?: string | undefined;
  readonly checkAt?: string | undefined;
}

const LOOK_EVERY_MS = 500;

/** What the appliance calls the properties that the options become. */
const OPTION_OF: OptionOf = {
  location: "--set",
  publicKey: "--public-key",
  caCertificate: "--source-ca",
  checkAt: "--check-at",
};

/** Shows or changes where newer agents are looked for. */
export async function updateSource(session: CommandSession, given: SourceArguments): Promise<ExitCode> {
  if (given.set !== undefined && given.none === true)
    throw new UsageError("there is either a source or none", "leave out --set or --none");
  if (given.set === "")
    throw new UsageError(
      "--set: no source is named",
      "name a directory or an https address; `--none` ends the looking",
    );
  const changes: Input<"setUpdateSource"> = {
    ...(given.set !== undefined && {
      location: given.set.includes("://") ? given.set : resolve(given.set),
      // A new source is proved by what is said of it now, not by what was said of another one.
      publicKey: null,
      caCertificate: null,
    }),
    ...(given.none === true && { location: null, publicKey: null, caCertificate: null }),
    ...(given.publicKey !== undefined && { publicKey: await publicPemIn(given.publicKey) }),
    ...(given.sourceCa !== undefined && { caCertificate: await certificatesFrom(given.sourceCa, "--source-ca") }),
    ...(given.checkAt !== undefined && { checkAt: given.checkAt === "default" ? null : given.checkAt }),
  };
  const updates =
    Object.keys(changes).length === 0
      ? await session.read((appliance) => appliance.getUpdates({}))
      : await inOptions(OPTION_OF, () => session.write((appliance) => appliance.setUpdateSource(changes)));
  show(session, updates);
  return 0;
}

/** Of the key alone, whatever else is in its file. */
async function publicPemIn(file: string): Promise<string> {
  return String((await publicKeyIn(file, "--public-key")).export({ type: "spki", format: "pem" }));
}

/** Looks for newer agents now, by the server where one runs; exit code 3 if something was wrong. */
export async function checkBundles(session: CommandSession): Promise<ExitCode> {
  const updates = await session.write(async (appliance) => {
    const { requestedAt } = await appliance.requestUpdateCheck({});
    if ((await appliance.serverStatus({})).running) await served(appliance, requestedAt, session.signal);
    else await checkHere(appliance, session.signal);
    return appliance.getUpdates({});
  });
  show(session, updates);
  return updates.fault === undefined ? 0 : 3;
}

async function served(appliance: Appliance, requestedAt: string, signal: AbortSignal): Promise<void> {
  for (;;) {
    const { checkedAt, requestedAt: waiting, location } = await appliance.getUpdates({});
    if (location === undefined || (waiting === undefined && (checkedAt ?? "") >= requestedAt)) return;
    await delay(LOOK_EVERY_MS, undefined, { signal });
    if (!(await appliance.serverStatus({})).running)
      throw new CommandError("the server has stopped meanwhile", "it looks for newer agents when it starts");
  }
}

async function checkHere(appliance: Appliance, signal: AbortSignal): Promise<void> {
  const { checkForUpdates } = await import("../../appliance/update-source/check.ts");
  const folder = await mkdtemp(join(tmpdir(), "kace-updates-"));
  try {
    await checkForUpdates(appliance, { folder, now: Date.now, signal });
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

function show({ terminal, json }: CommandSession, updates: Updates): void {
  if (json) {
    terminal.out(JSON.stringify(updates, undefined, 2));
    return;
  }
  const { location, signed, checkAt, checkedAt, nextCheckAt, requestedAt, fault, downloads } = updates;
  const newest = downloads.at(-1);
  const rows: readonly (readonly [string, string | undefined])[] = [
    ["source", location ?? "none: updates are not looked for"],
    ["archives", location === undefined ? undefined : signed ? "must be signed" : "by their checksums"],
    ["checked daily at", location === undefined ? undefined : checkAt],
    ["last check", checkedAt ?? "never"],
    ["next check", nextCheckAt],
    ["asked for", requestedAt],
    ["what was wrong", fault],
    ["last download", newest === undefined ? "none" : `${newest.name}, ${newest.downloadedAt} (${newest.id})`],
    ["loaded", newest === undefined ? undefined : (newest.loadedAt ?? `no: \`kace bundle load ${newest.id}\``)],
  ];
  for (const [heading, value] of rows) if (value !== undefined) terminal.out(`${heading.padEnd(18)}${value}`);
}
