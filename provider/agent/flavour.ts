import type { AgentPackage, PackageFormat } from "./desired.ts";
import type { VersionRule } from "./versions.ts";

/** What the name of an installer says about it. Host and token that a vendor puts into names are never kept. */
export type NamedPackage = Pick<AgentPackage, "fileName" | "platform" | "architecture" | "format" | "version">;

/**
 * One kind of agent, as data: what its packages are called and fit, which versions follow which, and the shell
 * functions that find, configure and watch it on a machine.
 */
export interface Flavour {
  /** `reference`, `quest`. Letters, digits and underscores, because it is part of a shell function's name. */
  readonly name: string;
  /** For people: `KACE reference agent`. */
  readonly title: string;
  /** Package formats, the preferred first. */
  readonly formats: readonly PackageFormat[];
  /** C libraries that its programs run with. */
  readonly libc: readonly ("glibc" | "musl")[];
  /** The port of its server where the agent's configuration names none. */
  readonly defaultPort: number;
  /** True if there is a service that connects: the bench flavour is files only. */
  readonly hasService: boolean;
  readonly versionRules: readonly VersionRule[];
  readonly readPackageName: (fileName: string) => NamedPackage | undefined;
  /** The shell function `flavour_<name>`, which defines the verbs that `scripts/` call. */
  readonly script: string;
}
