import type { ByteSource } from "../machines/machine.ts";
import type { Flavour } from "./flavour.ts";

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

/** Where agents connect to. */
export interface AgentServer {
  /** A name that resolves on the machine, or an address. */
  readonly host: string;
  readonly port: number;
  /** PEM of the authority that signed the server's certificate, where the machine does not trust it by itself. */
  readonly caCertificate?: string | undefined;
}

/** What a configuration wants of one machine's agent. Holds no secret. */
export interface DesiredAgent {
  readonly state: "present" | "removed";
  readonly flavour: Flavour;
  /** A minimum, or the one version where `exact`. Absent: whatever is installed is never upgraded (seed B13). */
  readonly version?: string | undefined;
  readonly exact?: boolean | undefined;
  readonly allowDowngrade?: boolean | undefined;
  /** Never installed, and left where one of them is found. */
  readonly deniedVersions?: readonly string[] | undefined;
  readonly server: AgentServer;
  /** Who owns the receipt on the machine. */
  readonly configurationId: string;
  /** Accept machines that another configuration, or nobody, has a receipt for. */
  readonly takeOver?: boolean | undefined;
  /**
   * For `state: "removed"`: leave machines alone that this configuration has no receipt for, as a destroy must,
   * instead of refusing them with `claimed`.
   */
  readonly onlyOwn?: boolean | undefined;
  readonly removeDataDirectory?: boolean | undefined;
  readonly packages: readonly AgentPackage[];
  /** Free space asked for where packages are staged and installed. Default: three times the package, plus 16 MiB. */
  readonly minimumDiskBytes?: number | undefined;
  /** A token is at hand, so that an agent in quarantine can be enrolled again. */
  readonly canEnrol?: boolean | undefined;
}

/** Opens the bytes of a package. */
export type PackageSource = (chosen: AgentPackage) => ByteSource;
