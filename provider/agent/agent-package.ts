/** What a package is for, as its name or its bundle says. */
export interface AgentPackage {
  readonly fileName: string;
  readonly platform: "linux" | "windows" | "darwin";
  /** As Debian writes it: `amd64`, `arm64`, `386`; `all` fits every machine. */
  readonly architecture: string;
  readonly format: PackageFormat;
  readonly version: string;
  /** Lower-case hexadecimal. */
  readonly sha256: string;
  readonly sizeBytes: number;
}

export type PackageFormat = "deb" | "rpm" | "tar.gz" | "msi" | "pkg" | "dmg";
