import type { Version } from "../process/version.ts";

/** The oldest Pulumi CLI that the provider is tested with. A CLI on the `PATH` that is older is not used. */
export const MINIMUM_PULUMI: Version = [3, 259, 0];

/** The version that is fetched or built where none is installed. The one that `go.mod` beside this file requires. */
export const PULUMI_VERSION = "3.259.0";

/** The npm package `pulumi`: a launcher that downloads the CLI from its vendor. Any version of it fetches any CLI. */
export const LAUNCHER = "pulumi@3.265.0";
