import type { PackageFormat } from "../agent-package.ts";
import { architectureOf } from "../architecture.ts";
import type { Flavour, NamedPackage } from "../flavour.ts";
import { FLAVOUR_SCRIPTS } from "../scripts.ts";
import { dell5To7 } from "./dell-5-7.ts";
import { quest8To13 } from "./quest-8-13.ts";
import { quest14 } from "./quest-14.ts";

/** `ampagent-<version>[-<arch>|.ubuntu.<bits>][_<host>[+<token>]].<ext>`, and rpm's own `-<release>.<arch>.rpm`. */
const NAME =
  /^ampagent-(?<version>\d+(?:\.\d+)+)(?:-\d+\.(?<rpm>x86_64|[a-z0-9]+)|-(?<word>[a-z0-9]+)|\.ubuntu\.(?<bits>32|64))?(?<parameters>_[^/]*)?\.(?<format>deb|rpm|tar\.gz|msi|dmg|pkg)$/i;

const PLATFORMS: Readonly<Record<PackageFormat, NamedPackage["platform"]>> = {
  deb: "linux",
  rpm: "linux",
  "tar.gz": "linux",
  msi: "windows",
  dmg: "darwin",
  pkg: "darwin",
};

/** The oldest first. */
const GENERATIONS = [dell5To7, quest8To13, quest14] as const;

/** The vendor's agent. Nothing of the vendor's is shipped here: its packages come from the user's own appliance. */
export const quest: Flavour = {
  name: "quest",
  title: "Quest KACE agent",
  formats: ["deb", "rpm", "tar.gz"],
  libc: ["glibc"],
  defaultPort: 443,
  hasService: true,
  versionRules: GENERATIONS.flatMap(({ versionRules }) => versionRules),
  support: GENERATIONS.flatMap(({ support }) => support),
  generations: GENERATIONS,
  readPackageName,
  // The agent's protocol is TLS with a certificate that it trusts at its first contact: there is no authority to give.
  configuration: (server, token) =>
    [`host=${server.host}`, `port=${server.port}`, ...(token === undefined ? [] : [`token=${token}`])].join("\n"),
  script: FLAVOUR_SCRIPTS.quest,
};

function readPackageName(fileName: string): NamedPackage | undefined {
  const groups = NAME.exec(fileName)?.groups;
  const version = groups?.version;
  const format = formatOf(groups?.format);
  if (groups === undefined || version === undefined || format === undefined) return undefined;
  const platform = PLATFORMS[format];
  const word = groups.rpm ?? groups.word ?? groups.bits;
  return {
    // The host and the token behind the underscore are the appliance's parameters, and the token is a secret.
    fileName: fileName.replace(groups.parameters ?? "", ""),
    platform,
    architecture: word === undefined || platform === "darwin" ? "all" : architectureOf(word),
    format,
    version,
  };
}

function formatOf(word: string | undefined): PackageFormat | undefined {
  const known: readonly PackageFormat[] = ["deb", "rpm", "tar.gz", "msi", "dmg", "pkg"];
  return known.find((format) => format === word?.toLowerCase());
}
