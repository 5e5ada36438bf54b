import { homedir } from "node:os";
import { join } from "node:path";

/**
 * The folder where the tools keep what is expensive to make and the same for every clone: the Pulumi CLI, the SDK
 * generator, a Go toolchain, a Python environment. `$XDG_CACHE_HOME/pulumi-kace`, else `~/.cache/pulumi-kace`.
 * Deleting it costs time, never correctness.
 */
export function cacheFolder(environment: NodeJS.ProcessEnv = process.env): string {
  const base = environment.XDG_CACHE_HOME;
  return join(base === undefined || base === "" ? join(homedir(), ".cache") : base, "pulumi-kace");
}
