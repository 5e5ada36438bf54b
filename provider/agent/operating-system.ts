/** What a machine runs, as far as it says so. */
export interface OperatingSystem {
  /** `linux`, `darwin`, or whatever `uname` says in lower case; `unknown` if it says nothing. */
  readonly platform: string;
  /** `debian`, `rocky`: the ID of os-release, or what that would be where a system is older than this file. */
  readonly distribution: string | undefined;
  readonly version: string | undefined;
  readonly title: string | undefined;
  /** By the package manager that is there, the distribution's word first. */
  readonly family: "debian" | "rpm" | "other";
  /** As Debian writes it: `amd64`, `arm64`. */
  readonly architecture: string;
  readonly libc: "glibc" | "musl" | "unknown";
}
