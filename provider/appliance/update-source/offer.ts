/** What is wrong with a source of updates or with something it offers, in words for people. */
export class UpdateSourceError extends Error {
  override readonly name = "UpdateSourceError";
}

/** No archive of agents' packages is larger. */
export const MAX_ARCHIVE_BYTES = 2 * 1024 ** 3;
/** No source offers more archives. */
export const MAX_OFFERS = 1_000;
/** No check brings more archives, so that a source cannot fill the disk in one night; the newest ones come. */
export const MAX_ARCHIVES_A_CHECK = 10;
/** No index, and no list of checksums, is larger. */
export const MAX_INDEX_BYTES = 4 * 1024 ** 2;

/** An archive that a source offers. */
export interface Offer {
  /** Its bare name. */
  readonly fileName: string;
  /** Of the whole archive, lower-case hexadecimal; undefined where only a signature proves it. */
  readonly sha256: string | undefined;
  /** What it holds, where the source says so. */
  readonly said: { readonly flavour: string; readonly version: string } | undefined;
  /** Brings it to a place where it can be read; `folder` is for what has to be fetched. @returns its path */
  readonly obtain: (folder: string, signal: AbortSignal) => Promise<string>;
}

/** What a source offers, and what of it cannot be used. */
export interface Offers {
  readonly offers: readonly Offer[];
  readonly faults: readonly string[];
}

/** The bare name of an archive: nothing that leads to another folder. */
export const ARCHIVE_NAME = /^[A-Za-z0-9_][A-Za-z0-9._+~-]{0,199}\.kbin$/;
