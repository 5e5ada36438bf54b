import { architectureOf } from "../architecture.ts";
import type { Flavour } from "../flavour.ts";
import { FLAVOUR_SCRIPTS } from "../scripts.ts";

const NAME =
  /^kace-bench-agent[_-](?<version>\d[^_-]*)(?:-\d+\.|_|-linux-)(?<architecture>[a-z0-9_]+)\.(?<format>deb|rpm|tar\.gz)$/;

/** Measures the way of a package to a machine: files, a version, no service. Not in the registry that users choose from. */
export const bench: Flavour = {
  name: "bench",
  title: "bench payload",
  formats: ["deb", "rpm", "tar.gz"],
  libc: ["glibc", "musl"],
  defaultPort: 443,
  hasService: false,
  versionRules: [],
  support: [],
  readPackageName: (fileName) => {
    const { version, architecture, format } = NAME.exec(fileName)?.groups ?? {};
    if (version === undefined || architecture === undefined) return undefined;
    if (format !== "deb" && format !== "rpm" && format !== "tar.gz") return undefined;
    return { fileName, platform: "linux", architecture: architectureOf(architecture), format, version };
  },
  configuration: () => "",
  script: FLAVOUR_SCRIPTS.bench,
};
