/** Debian's words for processor architectures, which Go uses too. */
export type Architecture = "amd64" | "arm64";

export const ARCHITECTURES: readonly Architecture[] = ["amd64", "arm64"];

export type PackageFormat = "deb" | "rpm" | "tar.gz";

export const PACKAGE_FORMATS: readonly PackageFormat[] = ["deb", "rpm", "tar.gz"];

/** A file of a package: its place on the target, its mode, and its content or a file that holds it. */
export type PackagedFile = {
  readonly path: string;
  readonly mode: number;
  readonly content: string | Uint8Array | { readonly copyOf: string };
};

/** The shell scripts that a package manager runs around its own work. Absent: nothing to run. */
export type MaintainerScripts = {
  readonly preinstall?: string;
  readonly postinstall?: string;
  readonly preremove?: string;
  readonly postremove?: string;
};

/** What a package holds, whatever its format. */
export type PackageDefinition = {
  readonly name: string;
  /** Numbers with dots: `1.4.2`. The same text in every format, and no release number but RPM's own `1`. */
  readonly version: string;
  readonly architecture: Architecture;
  readonly description: string;
  readonly files: readonly PackagedFile[];
  /** Folders that belong to the package and go with it. Their parents do not. */
  readonly folders: readonly string[];
  readonly scripts: { readonly deb: MaintainerScripts; readonly rpm: MaintainerScripts };
  /** The packages' file names, where they are not the usual ones. */
  readonly fileNames?: Partial<Record<PackageFormat, string>>;
  /** The formats that cannot be compressed any further need not be tried to. Default true. */
  readonly compressed?: boolean;
};

const RPM_ARCHITECTURES: Readonly<Record<Architecture, string>> = { amd64: "x86_64", arm64: "aarch64" };

/** `agent_1.4.2_amd64.deb`, `agent-1.4.2-1.x86_64.rpm`, `agent-1.4.2-linux-amd64.tar.gz`: as each format's own tools name them. */
export function fileNameOf(definition: PackageDefinition, format: PackageFormat): string {
  const { name, version, architecture } = definition;
  const usual: Readonly<Record<PackageFormat, string>> = {
    deb: `${name}_${version}_${architecture}.deb`,
    rpm: `${name}-${version}-1.${RPM_ARCHITECTURES[architecture]}.rpm`,
    "tar.gz": `${name}-${version}-linux-${architecture}.tar.gz`,
  };
  return definition.fileNames?.[format] ?? usual[format];
}

/** @throws RangeError where the text is not a version that means the same to dpkg, rpm and people */
export function checkVersion(version: string): void {
  if (!/^(0|[1-9]\d*)(\.(0|[1-9]\d*)){1,3}$/.test(version)) {
    throw new RangeError(`${JSON.stringify(version)} is not a version of two to four numbers, such as "1.4.2"`);
  }
}
