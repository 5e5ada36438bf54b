import type { PackageInfo } from "../define/provider.ts";
import { compact } from "./package-schema.ts";

/**
 * What the SDK generators want to know per language. All of them write the version of the schema into the SDK, so
 * that a program uses the plugin its SDK was made for.
 */
export function languagesOf(info: PackageInfo): Record<string, Record<string, unknown>> {
  const sdks = info.sdks ?? {};
  return {
    csharp: compact<Record<string, unknown>>({
      respectSchemaVersion: true,
      ...dotnetNames(info.name, sdks.dotnet),
      packageReferences: { Pulumi: "3.*" },
    }),
    go: compact<Record<string, unknown>>({
      respectSchemaVersion: true,
      importBasePath: sdks.go,
      generateResourceContainerTypes: true,
    }),
    java: compact<Record<string, unknown>>({
      respectSchemaVersion: true,
      // The generator adds the name of the package itself.
      basePackage:
        sdks.java?.endsWith(`.${info.name}`) === true ? sdks.java.slice(0, -info.name.length - 1) : sdks.java,
      buildFiles: "gradle",
    }),
    nodejs: compact<Record<string, unknown>>({
      respectSchemaVersion: true,
      packageName: sdks.nodejs,
      packageDescription: info.description,
    }),
    python: compact<Record<string, unknown>>({
      respectSchemaVersion: true,
      packageName: sdks.python,
      pyproject: { enabled: true },
    }),
  };
}

/** `Acme.Notes` is the namespace `Notes` of the package, under the root `Acme`. */
function dotnetNames(name: string, dotnet: string | undefined): Record<string, unknown> {
  if (dotnet === undefined) return {};
  const dot = dotnet.lastIndexOf(".");
  return { rootNamespace: dot < 0 ? undefined : dotnet.slice(0, dot), namespaces: { [name]: dotnet.slice(dot + 1) } };
}
