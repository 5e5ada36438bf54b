import type { OutcomeClass } from "../../appliance/operations/outcome-classes.ts";
import type { OutcomeCode } from "../codes.ts";

/** What an installation asks of a Linux machine, in the order in which it would come upon it. */
export const LINUX_REQUIREMENTS = [
  "name",
  "port",
  "host-key",
  "log-in",
  "root",
  "supported-os",
  "architecture",
  "package-tool",
  "package-lock",
  "service-manager",
  "disk",
  "executable",
  "clock",
  "server-name",
  "server-port",
  "old-agent",
] as const;

const OF_WINDOWS_ONLY = [
  "port-139",
  "port-445",
  "port-5985",
  "administrator",
  "simple-file-sharing",
  "uac",
  "network-discovery",
  "file-sharing",
  "firewall",
] as const;

/** What an installation asks of a Windows machine (seed A4, "Preparing Windows machines"). */
export const WINDOWS_REQUIREMENTS = ["name", ...OF_WINDOWS_ONLY] as const;

/** All of them, each once. */
export const REQUIREMENTS = [...LINUX_REQUIREMENTS, ...OF_WINDOWS_ONLY] as const;

export type LinuxRequirement = (typeof LINUX_REQUIREMENTS)[number];
export type WindowsRequirement = (typeof WINDOWS_REQUIREMENTS)[number];

/** How one requirement stands on one machine. */
export interface RequirementLine<Requirement extends string = (typeof REQUIREMENTS)[number]> {
  readonly requirement: Requirement;
  readonly state: "met" | "not-met" | "not-measured";
  /** What was found, or why it was not looked at. */
  readonly message: string;
  /** What to do where it is not met, or may not be. */
  readonly repair?: string | undefined;
  /** What shows it on the machine itself, where it was not measured. */
  readonly command?: string | undefined;
}

/** Why a machine could not be looked at, in the words of a rollout's outcomes. */
export interface NoLook {
  readonly class: OutcomeClass;
  readonly code: OutcomeCode;
  readonly message: string;
  readonly hint?: string | undefined;
}

/** How one machine stands. */
export interface MachineReadiness {
  /** As it was asked for. */
  readonly machine: string;
  readonly address?: string | undefined;
  /** True if nothing is known to be in the way; what was not measured may be. */
  readonly ready: boolean;
  /** Why nothing of the machine itself was seen; absent where it was, and of Windows machines. */
  readonly noLook?: NoLook | undefined;
  readonly lines: readonly RequirementLine[];
}
