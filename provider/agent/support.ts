import type { AgentPackage } from "./agent-package.ts";
import type { OperatingSystem } from "./operating-system.ts";
import { compareVersions } from "./versions.ts";

/** Systems that an agent is made for: one line of its maker's table. */
export interface SupportRow {
  /** In the words of the table: `Red Hat Linux AS and ES, version 6 (32-bit and 64-bit architectures)`. */
  readonly system: string;
  readonly platform: AgentPackage["platform"];
  /** What `ID` in os-release may be; on Linux absent for every distribution that no other row names. */
  readonly distributions?: readonly string[];
  /** Absent where any release will do. */
  readonly releases?: Releases;
  /** As `architectureOf` gives them; absent where any will do. */
  readonly architectures?: readonly string[];
}

/** Releases of a system: those lines and what belongs to them (`6`: 6, 6.4), or one and all after it. */
export type Releases = { readonly lines: readonly string[] } | { readonly from: string };

/** What some versions of an agent are made for. */
export interface SupportTable {
  /** The agents it is about: from this version on (default: the first) and before that one (default: for ever). */
  readonly agents: { readonly from?: string; readonly before?: string };
  /** Where it is written, for people. */
  readonly source: string;
  readonly rows: readonly SupportRow[];
}

/** Whether an agent is made for a system. `unknown`: no table is about that version, or the system does not say what it is. */
export type Support =
  | { readonly kind: "supported"; readonly row: SupportRow }
  | { readonly kind: "unknown" }
  | {
      readonly kind: "unsupported";
      /** The rows that come nearest: those of the same distribution, else all of the platform. */
      readonly rows: readonly SupportRow[];
      readonly source: string;
    };

type System = Pick<OperatingSystem, "platform" | "distribution" | "version" | "architecture">;

/**
 * Whether a version of an agent is made for a system (seed A2, Table 4-1). Where no version is known, only a table of
 * all versions can say so.
 * @example supportOf(FLAVOURS.quest.support, "5.4", { platform: "linux", distribution: "debian", version: "12", architecture: "amd64" }).kind // "unsupported"
 */
export function supportOf(tables: readonly SupportTable[], version: string | undefined, system: System): Support {
  const table = tables.find(({ agents: { from, before } }) => {
    if (version === undefined) return from === undefined && before === undefined;
    const old = from !== undefined && compareVersions(version, from) < 0;
    const late = before !== undefined && compareVersions(version, before) >= 0;
    return !old && !late;
  });
  if (table === undefined) return { kind: "unknown" };
  const rows = table.rows.filter(({ platform }) => platform === system.platform);
  const { distribution } = system;
  // A machine that does not say what it is is not refused for what nobody knows of it.
  if (system.platform === "linux" && distribution === undefined) return { kind: "unknown" };
  const named = rows.filter(({ distributions }) => distribution !== undefined && distributions?.includes(distribution));
  const candidates = named.length > 0 ? named : rows.filter(({ distributions }) => distributions === undefined);
  const row = candidates.find((one) => fits(one, system));
  if (row !== undefined) return { kind: "supported", row };
  return { kind: "unsupported", rows: candidates.length > 0 ? candidates : rows, source: table.source };
}

function fits({ releases, architectures }: SupportRow, { version, architecture }: System): boolean {
  if (architectures !== undefined && !architectures.includes(architecture)) return false;
  // A rolling release has no number: it is newer than every one.
  if (releases === undefined || (version === undefined && "from" in releases)) return true;
  if (version === undefined) return false;
  if ("from" in releases) return compareVersions(version, releases.from) >= 0;
  return releases.lines.some((line) => version === line || version.startsWith(`${line}.`));
}

/** A system for people. @example systemText({ title: undefined, distribution: "rhel", version: "5.11", ... }) // "rhel 5.11 (amd64)" */
export function systemText({ title, distribution, version, platform, architecture }: OperatingSystem): string {
  const name = title ?? ([distribution, version].filter((word) => word !== undefined).join(" ") || platform);
  return `${name} (${architecture})`;
}
