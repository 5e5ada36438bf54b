import { architectureOf } from "../architecture.ts";
import type { Flavour, NamedPackage } from "../flavour.ts";
import { FLAVOUR_SCRIPTS } from "../scripts.ts";
import { serverText } from "../server.ts";
import { REFERENCE_TABLE } from "../support-tables.ts";

const NAMES = [
  /^kace-reference-agent_(?<version>\d[^_]*)_(?<architecture>[a-z0-9]+)(?<parameters>_[^/]+)?\.(?<format>deb)$/,
  /^kace-reference-agent-(?<version>\d[^-]*)-\d+\.(?<architecture>x86_64|[a-z0-9]+)(?<parameters>_[^/]+)?\.(?<format>rpm)$/,
  /^kace-reference-agent-(?<version>\d.*)-linux-(?<architecture>[a-z0-9]+)(?<parameters>_[^/]+)?\.(?<format>tar\.gz)$/,
] as const;

/** The open agent of this repository: one static program, so any C library will do. See docs/agent.md. */
export const reference: Flavour = {
  name: "reference",
  title: "KACE reference agent",
  formats: ["deb", "rpm", "tar.gz"],
  libc: ["glibc", "musl"],
  defaultPort: 8443,
  hasService: true,
  versionRules: [],
  support: [REFERENCE_TABLE],
  readPackageName,
  configuration: (server, token) =>
    JSON.stringify({
      server: serverText(server),
      ...(token === undefined ? {} : { token }),
      ...(server.caCertificate === undefined ? {} : { ca: server.caCertificate }),
    }),
  script: FLAVOUR_SCRIPTS.reference,
};

function readPackageName(fileName: string): NamedPackage | undefined {
  for (const pattern of NAMES) {
    const { version, architecture, format, parameters = "" } = pattern.exec(fileName)?.groups ?? {};
    if (version === undefined || architecture === undefined) continue;
    if (format !== "deb" && format !== "rpm" && format !== "tar.gz") continue;
    // A server and a token behind the name are for one installation, and the token is a secret.
    const bare = fileName.replace(parameters, "");
    return { fileName: bare, platform: "linux", architecture: architectureOf(architecture), format, version };
  }
  return undefined;
}
