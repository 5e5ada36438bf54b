import { createPublicKey } from "node:crypto";
import { mkdir, mkdtemp, rm } from "node:fs/promises";
import { join } from "node:path";
import { compareVersions } from "../../agent/versions.ts";
import type { Appliance } from "../appliance.ts";
import { ApplianceError } from "../errors.ts";
import { KbinError } from "../kbin/error.ts";
import { describeFileError } from "../local/file-errors.ts";
import type { Download, UpdateSource } from "../operations/updates.ts";
import { offersInDirectory } from "./directory.ts";
import { offersOfIndex } from "./https-index.ts";
import { MAX_ARCHIVES_A_CHECK, type Offer, type Offers, UpdateSourceError } from "./offer.ts";
import { type ReadArchive, readArchive } from "./read-archive.ts";

/** What a check needs of the appliance. */
export type CheckedAppliance = Pick<Appliance, "getUpdateGround" | "saveDownload" | "settleUpdateCheck" | "putPackage">;

/** What came of a check. */
export interface Checked {
  readonly downloaded: readonly Download[];
  /** What was wrong, in words for people; the next check tries again. */
  readonly fault: string | undefined;
}

const MAX_FAULT_LENGTH = 4_000;

/**
 * Looks for newer agents at the appliance's source, and downloads them; none is loaded. Where agents of a kind are here,
 * whatever is newer than the newest of them comes; else the newest there is. A download is kept whole or not at all.
 *
 * @param folder for what is being fetched; made where it is not there
 * @throws ApplianceError where the appliance cannot be used
 * @example await checkForUpdates(appliance, { folder, now: Date.now, signal })
 */
export async function checkForUpdates(
  appliance: CheckedAppliance,
  { folder, now, signal }: { readonly folder: string; readonly now: () => number; readonly signal: AbortSignal },
): Promise<Checked> {
  const startedAt = new Date(now()).toISOString();
  const { source, newest, archives } = await appliance.getUpdateGround({});
  const downloaded: Download[] = [];
  const faults: string[] = [];
  if (source !== undefined) {
    const draft = await draftIn(folder);
    try {
      const check = new Check(appliance, source, { draft, signal });
      const found = await check.newerThan(newest, archives);
      faults.push(...found.faults);
      for (const archive of found.archives) {
        const kept = await explained(faults, () => check.keep(archive));
        if (kept !== undefined) downloaded.push(kept);
      }
    } catch (error) {
      faults.push(inWords(error));
    } finally {
      await rm(draft, { recursive: true, force: true });
    }
  }
  // What a source says is for a log of lines, and for terminals.
  const said = faults
    .join("; ")
    .replaceAll(/\p{Cc}/gu, "\u{fffd}")
    .slice(0, MAX_FAULT_LENGTH);
  const fault = said === "" ? undefined : said;
  await appliance.settleUpdateCheck({ startedAt, fault });
  return { downloaded, fault };
}

/** An archive that is newer, and where it lies now. */
interface Found {
  readonly path: string;
  readonly fileName: string;
  readonly read: ReadArchive;
}

class Check {
  readonly #appliance: CheckedAppliance;
  readonly #source: UpdateSource;
  readonly #draft: string;
  readonly #signal: AbortSignal;

  constructor(
    appliance: CheckedAppliance,
    source: UpdateSource,
    { draft, signal }: { readonly draft: string; readonly signal: AbortSignal },
  ) {
    this.#appliance = appliance;
    this.#source = source;
    this.#draft = draft;
    this.#signal = signal;
  }

  async newerThan(
    newest: readonly { readonly flavour: string; readonly version: string }[],
    archives: readonly string[],
  ): Promise<{ readonly archives: readonly Found[]; readonly faults: readonly string[] }> {
    const here = new Map(newest.map(({ flavour, version }) => [flavour, version]));
    const isNewer = ({ flavour, version }: { readonly flavour: string; readonly version: string }) => {
      const known = here.get(flavour);
      return known === undefined || compareVersions(version, known) > 0;
    };
    const { offers, faults: unusable } = await this.#offers();
    const faults = [...unusable];
    const wanted = offers.filter(
      ({ sha256, said }) =>
        (sha256 === undefined || !archives.includes(sha256)) && (said === undefined || isNewer(said)),
    );
    const isFirst = (flavour: string) => !here.has(flavour);
    const found: Found[] = [];
    for (const offer of withoutOlder(wanted, isFirst)) {
      const archive = await explained(faults, () => this.#read(offer));
      if (archive !== undefined && !archives.includes(archive.read.sha256) && isNewer(archive.read))
        found.push(archive);
    }
    const best = newestOf(found.map(({ read }) => read));
    const wantedOnes = found.filter(({ read }) => !isFirst(read.flavour) || read.version === best.get(read.flavour));
    wantedOnes.sort((one, other) => compareVersions(one.read.version, other.read.version));
    return { archives: wantedOnes.slice(-MAX_ARCHIVES_A_CHECK), faults };
  }

  /** Puts the packages of an archive, and makes a download of it once all of them are here. */
  async keep({ path, fileName, read: { sha256, flavour, version } }: Found): Promise<Download> {
    const { packages } = await readArchive(path, { sha256, publicKey: this.#publicKey }, (entry, content) =>
      this.#appliance.putPackage(entry.sha256, entry.sizeBytes, content),
    );
    return this.#appliance.saveDownload({
      name: `${flavour} ${version}`,
      version,
      flavour,
      fileName,
      sha256,
      packages: [...packages],
    });
  }

  get #publicKey() {
    return this.#source.publicKey === undefined ? undefined : createPublicKey(this.#source.publicKey);
  }

  #offers(): Promise<Offers> {
    const { location, caCertificate, publicKey } = this.#source;
    const signed = publicKey !== undefined;
    if (!location.startsWith("https://")) return offersInDirectory(location, signed);
    return offersOfIndex(new URL(location), { signed, caCertificate, signal: this.#signal });
  }

  async #read({ fileName, sha256, said, obtain }: Offer): Promise<Found> {
    const path = await obtain(await mkdtemp(join(this.#draft, "archive-")), this.#signal);
    const read = await readArchive(path, { sha256, publicKey: this.#publicKey });
    if (said !== undefined && (said.flavour !== read.flavour || said.version !== read.version))
      throw new UpdateSourceError(
        `${fileName} is said to be ${said.flavour} ${said.version}, and holds ${read.flavour} ${read.version}`,
      );
    return { path, fileName, read };
  }
}

/** Of the first agents of a kind only the newest is fetched, and of others not too many, as far as it is known before. */
function withoutOlder(offers: readonly Offer[], isFirst: (flavour: string) => boolean): readonly Offer[] {
  const best = newestOf(offers.flatMap(({ said }) => said ?? []));
  const [unknown, known] = [offers.filter(({ said }) => said === undefined), offers.filter(({ said }) => said)];
  const wanted = known
    .filter(({ said }) => said !== undefined && (!isFirst(said.flavour) || said.version === best.get(said.flavour)))
    .sort((one, other) => compareVersions(one.said?.version ?? "", other.said?.version ?? ""));
  return [...unknown, ...wanted.slice(-MAX_ARCHIVES_A_CHECK)];
}

function newestOf(all: readonly { readonly flavour: string; readonly version: string }[]): ReadonlyMap<string, string> {
  const newest = new Map<string, string>();
  for (const { flavour, version } of all) {
    const known = newest.get(flavour);
    if (known === undefined || compareVersions(version, known) > 0) newest.set(flavour, version);
  }
  return newest;
}

async function draftIn(folder: string): Promise<string> {
  try {
    await mkdir(folder, { recursive: true, mode: 0o700 });
    return await mkdtemp(join(folder, "check-"));
  } catch (error) {
    throw describeFileError(error, folder);
  }
}

/** One archive that cannot be used keeps no other one from coming. */
async function explained<T>(faults: string[], work: () => Promise<T>): Promise<T | undefined> {
  try {
    return await work();
  } catch (error) {
    faults.push(inWords(error));
    return undefined;
  }
}

/** What a source or its archives did wrong; a mistake of this program stays one. */
function inWords(error: unknown): string {
  if (error instanceof UpdateSourceError || error instanceof KbinError || error instanceof ApplianceError)
    return error.message;
  if (error instanceof Error && error.name === "AbortError") return "the check was broken off";
  throw error;
}
