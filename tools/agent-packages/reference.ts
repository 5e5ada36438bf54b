import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { Say } from "../process/say.ts";
import { goBinary } from "./binary.ts";
import type { Architecture, PackageDefinition, PackagedFile, PackageFormat } from "./definition.ts";

/** The Go module of the reference agent. */
export const REFERENCE_AGENT = {
  module: join(import.meta.dirname, "..", "..", "provider", "reference-agent"),
  name: "kace-agent",
} as const;

const PROGRAM_FOLDER = "/opt/kace-reference";
const UNIT = "kace-reference-agent.service";

/** Where distributions of a format keep the units of packages. An archive's installer finds the place by itself. */
const UNIT_FOLDERS: Readonly<Record<PackageFormat, string | undefined>> = {
  deb: "/lib/systemd/system",
  rpm: "/usr/lib/systemd/system",
  "tar.gz": undefined,
};

/** What the packages of the reference agent hold; the program is built if need be. */
export async function referenceDefinition(
  options: {
    readonly version: string;
    readonly architecture: Architecture;
    readonly format: PackageFormat;
    readonly cache: string;
  },
  say: Say,
): Promise<PackageDefinition> {
  const { version, architecture, format, cache } = options;
  const program = await goBinary(REFERENCE_AGENT, { version, architecture, cache }, say);
  const files: PackagedFile[] = [
    { path: `${PROGRAM_FOLDER}/bin/kace-agent`, mode: 0o755, content: { copyOf: program } },
    { path: `${PROGRAM_FOLDER}/VERSION`, mode: 0o644, content: `${version}\n` },
    { path: `${PROGRAM_FOLDER}/lib/service.sh`, mode: 0o755, content: packaging("service.sh") },
    { path: `${PROGRAM_FOLDER}/lib/init.sh`, mode: 0o755, content: packaging("init.sh") },
    { path: `${PROGRAM_FOLDER}/lib/${UNIT}`, mode: 0o644, content: packaging(UNIT) },
  ];
  const unitFolder = UNIT_FOLDERS[format];
  if (unitFolder !== undefined) files.push({ path: `${unitFolder}/${UNIT}`, mode: 0o644, content: packaging(UNIT) });
  else files.push({ path: `${PROGRAM_FOLDER}/install.sh`, mode: 0o755, content: packaging("install.sh") });
  return {
    name: "kace-reference-agent",
    version,
    architecture,
    description: "KACE reference agent\nKeeps this machine enrolled with a KACE server and connected to it.",
    files,
    folders: [PROGRAM_FOLDER, `${PROGRAM_FOLDER}/bin`, `${PROGRAM_FOLDER}/lib`],
    scripts: {
      deb: {
        postinstall: packaging("deb-postinst.sh"),
        preremove: packaging("deb-prerm.sh"),
        postremove: packaging("deb-postrm.sh"),
      },
      rpm: {
        postinstall: packaging("rpm-post.sh"),
        preremove: packaging("rpm-preun.sh"),
        postremove: packaging("rpm-postun.sh"),
      },
    },
  };
}

function packaging(name: string): string {
  return readFileSync(join(REFERENCE_AGENT.module, "packaging", name), "utf8");
}
