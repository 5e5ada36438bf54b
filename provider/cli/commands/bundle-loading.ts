import { everyPage } from "../../appliance/every-page.ts";
import type { Bundle } from "../../appliance/operations/bundles.ts";
import type { Download } from "../../appliance/operations/updates.ts";
import { type Column, printList } from "../output.ts";
import { type CommandSession, type ExitCode, UsageError } from "../session.ts";

/** What is listed: a bundle of the organization, or a download that none has been made of there. */
type Listed = Pick<Bundle, "id" | "name" | "version" | "flavour" | "packages" | "downloadedAt" | "loadedAt">;

const COLUMNS: readonly Column<Listed>[] = [
  ["bundle", ({ name }) => name],
  ["agent", ({ flavour }) => flavour],
  ["version", ({ version }) => version],
  ["packages", ({ packages }) => packages.length],
  ["downloaded", ({ downloadedAt }) => downloadedAt],
  ["loaded", ({ loadedAt }) => loadedAt ?? "no"],
  ["id", ({ id }) => id],
];

/** Lists the bundles of the organization, and what was downloaded for it to load. */
export async function listBundles(session: CommandSession): Promise<ExitCode> {
  const rows = await session.read(async (appliance) => {
    const bundles = await everyPage(async (after) => {
      const { bundles: items, next } = await appliance.listBundles({ limit: 1_000, after });
      return { items, next };
    });
    const { downloads } = await appliance.getUpdates({});
    return [...bundles, ...downloads.filter(isFresh)] satisfies Listed[];
  });
  printList(session.terminal, session.json, rows, COLUMNS, "there are no bundles");
  return 0;
}

function isFresh({ bundleId }: Download): boolean {
  return bundleId === undefined;
}

/** @param bundle its name, its id, the id of a download, or a version */
export async function loadBundle(session: CommandSession, bundle: string): Promise<ExitCode> {
  const loaded = await session.write(async (appliance) => {
    const named = await appliance.findBundleByName({ name: bundle });
    if (named !== null) return appliance.loadBundle({ id: named.id });
    return appliance.loadBundle(isId(bundle) ? { id: bundle } : { version: bundle });
  });
  if (session.json) session.terminal.out(JSON.stringify(loaded, undefined, 2));
  session.terminal.err(`loaded ${loaded.name}: ${loaded.flavour} ${loaded.version} (${loaded.id})`);
  return 0;
}

/** @param bundle its name or its id */
export async function unloadBundle(session: CommandSession, bundle: string): Promise<ExitCode> {
  const unloaded = await session.write(async (appliance) => {
    const named = await appliance.findBundleByName({ name: bundle });
    if (named === null && !isId(bundle))
      throw new UsageError(`there is no bundle ${bundle}`, "`kace bundle list` shows those there are");
    return appliance.unloadBundle({ id: named?.id ?? bundle });
  });
  if (session.json) session.terminal.out(JSON.stringify(unloaded, undefined, 2));
  session.terminal.err(`${unloaded.name} is not loaded any more; agents stay as they are`);
  return 0;
}

function isId(text: string): boolean {
  return /^(?:bundle|download)-/.test(text);
}
