import type { Command } from "commander";
import type { BundleOutput } from "./commands/bundle.ts";
import type { ExitCode } from "./session.ts";

/** Adds `kace bundle`, which needs no appliance. */
export function addBundleCommands(
  program: Command,
  bundleOutput: () => BundleOutput,
  finish: (code: ExitCode) => void,
): void {
  const bundle = program
    .command("bundle")
    .description("Archives of agents' packages (.kbin), which an `AgentBundle` loads.");
  bundle
    .command("pack <package...>")
    .description("Packs packages into one archive, and prints its SHA-256.")
    .requiredOption("--out <file>", "the archive to make, such as agents.kbin")
    .option("--sign <file>", "an Ed25519 private key (PEM) to sign it with")
    .action(async (packages: string[], options: { out: string; sign?: string }) => {
      const { packBundle } = await import("./commands/bundle.ts");
      finish(await packBundle(bundleOutput(), packages, options));
    });
  bundle
    .command("verify <archive>")
    .description("Proves an archive by its checksum or its signature, and lists what it holds.")
    .option("--sha256 <checksum>", "what it must be")
    .option("--public-key <file>", "the Ed25519 public key (PEM) it must be signed by")
    .action(async (archive: string, options: { sha256?: string; publicKey?: string }) => {
      const { verifyBundle } = await import("./commands/bundle.ts");
      finish(await verifyBundle(bundleOutput(), archive, options));
    });
}
