import type { AgentPackage } from "./agent-package.ts";
import type { Receipt } from "./probe.ts";

/** Why nothing can be done to a machine. Each is a code of `docs/outcomes.md`. */
export type BlockedCode =
  | "unsupported-os"
  | "no-package"
  | "disk-full"
  | "no-privilege"
  | "server-unresolvable"
  | "server-unreachable"
  | "claimed"
  | "quarantined"
  | "busy"
  | "downgrade-not-allowed"
  | "version-denied";

/** What every plan that is carried out, or needs no carrying out, has. */
export interface Planned {
  /** In words, for the preview. */
  readonly reason: string;
  /** What a reader of the plan should know besides, such as another agent beside the wanted one. */
  readonly remarks: readonly string[];
  /** True if carrying it out writes to the machine. A `none` that writes adopts the agent or clears leftovers. */
  readonly writes: boolean;
  /** The receipt is written, though the agent is right. */
  readonly adopts: boolean;
  /** Leftovers of broken-off runs are removed. */
  readonly sweeps: boolean;
  /** What the machine's receipt says afterwards; absent where it is not written. */
  readonly receipt: Receipt | undefined;
  /** A run of the same configuration still works on the machine: wait for its end, look and plan again. */
  readonly awaits?: { readonly runId: string } | undefined;
}

/** One package after the other, the last being the wanted one; more than one where versions may not be skipped. */
export type PackageSteps = readonly [AgentPackage, ...AgentPackage[]];

export type Plan =
  | (Planned & { readonly action: "install" | "upgrade" | "downgrade"; readonly steps: PackageSteps })
  /** With steps: the package is put over what is there. */
  | (Planned & { readonly action: "repair"; readonly steps?: PackageSteps | undefined })
  | (Planned & { readonly action: "reconfigure" | "remove" | "none" })
  | { readonly action: "blocked"; readonly code: BlockedCode; readonly reason: string; readonly hint: string };

export type PlanAction = Plan["action"];
