import type * as z from "zod";
import type { OperationName, Operations } from "./operations/table.ts";

/** What a caller gives to an operation: what has a default may be left out. */
export type Input<Name extends OperationName> = z.input<Operations[Name]["input"]>;

/** What an operation gives back. */
export type Output<Name extends OperationName> = z.output<Operations[Name]["output"]>;

/** Every operation as a method; all of them throw `ApplianceError` and nothing else. */
export type OperationMethods = {
  readonly [Name in OperationName]: (input: Input<Name>) => Promise<Output<Name>>;
};

/** The content of packages, which does not fit into an operation. */
export interface PackageContents {
  /**
   * Keeps the content of a package; content that is here already is not read.
   * @param sha256 lower-case hexadecimal
   * @throws ApplianceError `invalid` if size or hash differ from what was said: then nothing is kept
   */
  putPackage(sha256: string, sizeBytes: number, content: AsyncIterable<Uint8Array>): Promise<void>;
  /**
   * Reads the content of a package from its beginning.
   * @throws ApplianceError `not-found`
   */
  openPackage(sha256: string): Promise<PackageContent>;
}

export interface PackageContent {
  readonly sizeBytes: number;
  /** May be read once. Not reading it to its end closes it when the loop is left. */
  readonly stream: AsyncIterable<Uint8Array>;
}

/** On whose behalf an appliance works. */
export interface Caller {
  /** Whom the history names: `deploy@ci-7`, or `token ci-7` of an API token. */
  readonly who: string;
  /** The one organization that they can see and change; absent where that is all of them. */
  readonly organization?: string | undefined;
}

/**
 * The control plane: resources, the engine and the command line talk to nothing else. A local store and a server far
 * away are the same to them.
 *
 * @example const token = await appliance.createToken({ name: "berlin", useLimit: 500 });
 */
export interface Appliance extends OperationMethods, PackageContents {
  /** Gives back what it holds. May be called twice. */
  close(): Promise<void>;
}
