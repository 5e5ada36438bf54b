import type { MarkedLines } from "./lines.ts";

/** What an installation asks of a machine besides what every probe tells; each is absent where the machine cannot tell. */
export interface PrerequisiteFacts {
  /** The machine's clock, in seconds since 1970. */
  readonly clockSeconds: number | undefined;
  /** Options of the file systems that packages are staged and agents installed on, such as `noexec`. */
  readonly stagingMount: readonly string[] | undefined;
  readonly installMount: readonly string[] | undefined;
  /** Who keeps the package manager from being used. */
  readonly packageLock: { readonly pid: number; readonly program: string | undefined } | "free" | undefined;
  /** Programs that are there, of those that matter. */
  readonly tools: readonly string[];
}

/** What `prerequisites.sh` said. Whatever a machine leaves out or garbles is absent, never an error. */
export function parsePrerequisites(lines: MarkedLines): PrerequisiteFacts {
  const clock = lines.get("clock");
  return {
    clockSeconds: clock !== undefined && /^\d{1,12}$/.test(clock) ? Number(clock) : undefined,
    stagingMount: options(lines.get("mount.staging")),
    installMount: options(lines.get("mount.install")),
    packageLock: lockOf(lines.get("package.lock")),
    tools: lines.all("has"),
  };
}

function options(text: string | undefined): readonly string[] | undefined {
  return text === undefined ? undefined : text.split(",");
}

function lockOf(text: string | undefined): PrerequisiteFacts["packageLock"] {
  if (text === "free") return "free";
  const { pid, program } = /^(?<pid>\d+)(?: (?<program>.+))?$/.exec(text ?? "")?.groups ?? {};
  return pid === undefined ? undefined : { pid: Number(pid), program };
}
