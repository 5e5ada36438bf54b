import type { SupportTable } from "./support.ts";
import { compareVersions, type VersionRule } from "./versions.ts";

/** Some versions of an agent that lie alike on a machine: their places and names, as data. */
export interface Generation {
  /** `dell-5-7`. */
  readonly name: string;
  /** From this version on, and before that one; without an end: until today. */
  readonly versions: { readonly from: string; readonly before?: string };
  /** On Linux; the shell functions of the flavour go by the same. */
  readonly linux: {
    readonly programDirectory: string;
    readonly dataDirectory: string;
    /** Services that hold the connection, the newest first. */
    readonly services: readonly string[];
    /** The port of its server that it connects to. */
    readonly ports: readonly number[];
  };
  /** What the vendor asks of updates to these versions. */
  readonly versionRules: readonly VersionRule[];
  readonly support: readonly SupportTable[];
}

/** The generation of a version. @example generationOf(FLAVOURS.quest.generations ?? [], "5.3.1")?.name // "dell-5-7" */
export function generationOf(generations: readonly Generation[], version: string): Generation | undefined {
  return generations.find(({ versions: { from, before } }) => {
    const isOld = compareVersions(version, from) < 0;
    return !isOld && (before === undefined || compareVersions(version, before) < 0);
  });
}
