import type { AgentPackage, PackageFormat } from "./agent-package.ts";
import type { Generation } from "./generation.ts";
import type { AgentServer } from "./server.ts";
import type { SupportTable } from "./support.ts";
import type { VersionRule } from "./versions.ts";

/** What the name of an installer says about it. Host and token that a vendor puts into names are never kept. */
export type NamedPackage = Pick<AgentPackage, "fileName" | "platform" | "architecture" | "format" | "version">;

/**
 * One kind of agent, as data: what its packages are called and fit, which versions follow which, and the shell
 * functions that find, configure and watch it on a machine.
 */
export interface Flavour {
  /** `reference`, `quest`. Small letters, digits and underscores: it is part of a shell function's name. */
  readonly name: string;
  /** For people: `KACE reference agent`. */
  readonly title: string;
  /** Package formats for Linux, the preferred first. */
  readonly formats: readonly PackageFormat[];
  /** C libraries that its programs run with. */
  readonly libc: readonly ("glibc" | "musl")[];
  /** The port of its server where nothing names one. */
  readonly defaultPort: number;
  /** True if there is a service that connects: the bench flavour is files only. */
  readonly hasService: boolean;
  /** Its generations, the oldest first; absent where all versions lie alike on a machine. */
  readonly generations?: readonly Generation[];
  readonly versionRules: readonly VersionRule[];
  /** Which systems its versions are made for; nothing is said of versions that no table is about. */
  readonly support: readonly SupportTable[];
  /** Undefined for a name that is none of this flavour's. */
  readonly readPackageName: (fileName: string) => NamedPackage | undefined;
  /** What the agent is told, in its own form; it goes to its `configure` on stdin. Holds the token. */
  readonly configuration: (server: AgentServer, token: string | undefined) => string;
  /** Shell text that defines `flavour_<name>`, which defines the verbs that the scripts of this room call. */
  readonly script: string;
}
