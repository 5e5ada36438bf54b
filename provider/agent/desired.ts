import type { ByteSource } from "../machines/machine.ts";
import type { AgentPackage } from "./agent-package.ts";
import type { Flavour } from "./flavour.ts";
import type { AgentServer } from "./server.ts";

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
  /** What people call a configuration of this id, for messages. */
  readonly configurationName?: ((id: string) => string | undefined) | undefined;
  /** Accept machines that another configuration, or nobody, has a receipt for. */
  readonly takeOver?: boolean | undefined;
  /**
   * For `state: "removed"`: leave machines alone that this configuration has no receipt for, as a destroy must,
   * instead of refusing them with `claimed`.
   */
  readonly onlyOwn?: boolean | undefined;
  readonly removeDataDirectory?: boolean | undefined;
  /** Install also on systems that the agent is not made for. */
  readonly allowUnsupported?: boolean | undefined;
  readonly packages: readonly AgentPackage[];
  /** Free space asked for where packages are staged and installed. Default: three times the package, plus 16 MiB. */
  readonly minimumDiskBytes?: number | undefined;
  /** A token is at hand, so that an agent in quarantine can be enrolled again. */
  readonly canEnrol?: boolean | undefined;
}

/** Opens the bytes of a package. */
export type PackageSource = (chosen: AgentPackage) => ByteSource;
