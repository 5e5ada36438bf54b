import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { PackageDefinition } from "./definition.ts";

/**
 * Packages of the reference agent that are broken on purpose, for tests:
 * - `fails-to-install`: the installer ends with exit code 1
 * - `hangs`: the installer never ends
 * - `service-fails`: it installs and takes its configuration, but its service ends at once
 * - `never-connects`: it installs and takes its configuration, and its service runs, but it never talks to a server
 * - `kills-connection`: the installer ends all SSH sessions of the machine, then goes on
 * - `reboots`: the installer restarts the machine in the middle of its work; only once on a machine
 */
export const VARIANTS = [
  "fails-to-install",
  "hangs",
  "service-fails",
  "never-connects",
  "kills-connection",
  "reboots",
] as const;

export type Variant = (typeof VARIANTS)[number];

const PROGRAM = "/opt/kace-reference/bin/kace-agent";

/** The definition with the defect in it. Name, version and file names stay as they are. */
export function breakOnPurpose(definition: PackageDefinition, variant: Variant): PackageDefinition {
  const text = readFileSync(join(import.meta.dirname, "variants", `${variant}.sh`), "utf8");
  const description = `${definition.description}\nBroken on purpose, for tests: ${variant}.`;
  if (variant === "service-fails" || variant === "never-connects") {
    // The real program lies beside it: only running it fails.
    const files = definition.files.flatMap((file) =>
      file.path === PROGRAM
        ? [
            { ...file, path: `${PROGRAM}.real` },
            { ...file, content: text },
          ]
        : [file],
    );
    return { ...definition, description, files };
  }
  const { deb, rpm } = definition.scripts;
  // To rpm, a failing script after the files are in place is a warning only.
  const early = variant === "fails-to-install";
  return {
    ...definition,
    description,
    files: definition.files.map((file) => (file.path.endsWith("/install.sh") ? { ...file, content: text } : file)),
    scripts: {
      deb: { ...deb, postinstall: text },
      rpm: early ? { ...rpm, preinstall: text } : { ...rpm, postinstall: text },
    },
  };
}
