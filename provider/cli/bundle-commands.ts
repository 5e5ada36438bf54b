import type { Command } from "commander";
import type { SourceArguments } from "./commands/bundle-updates.ts";
import type { CommandContext } from "./session.ts";

/** Adds `kace bundle`. */
export function addBundleCommands(program: Command, { session, finish }: CommandContext): void {
  const bundle = program
    .command("bundle")
    .description("The agents that can be installed: bundles of packages, and the archives they come in (.kbin).");
  bundle
    .command("list")
    .description("The bundles of the organization, loaded or not, and what was downloaded.")
    .action(async () => {
      const { listBundles } = await import("./commands/bundle-loading.ts");
      finish(await listBundles(session()));
    });
  bundle
    .command("load <bundle>")
    .description("Loads a bundle, by its name, id or version, so that its packages may be given to machines.")
    .action(async (name: string) => {
      const { loadBundle } = await import("./commands/bundle-loading.ts");
      finish(await loadBundle(session(), name));
    });
  bundle
    .command("unload <bundle>")
    .description("Takes a bundle from machines to come, by its name or id; it stays on the appliance.")
    .action(async (name: string) => {
      const { unloadBundle } = await import("./commands/bundle-loading.ts");
      finish(await unloadBundle(session(), name));
    });
  bundle
    .command("check")
    .description("Looks for newer agents now and downloads them; exit code 3 if something was wrong.")
    .action(async () => {
      const { checkBundles } = await import("./commands/bundle-updates.ts");
      finish(await checkBundles(session()));
    });
  bundle
    .command("source")
    .description("Shows or says where newer agents are looked for.")
    .option("--set <place>", "a directory of the server, or the https address of an index")
    .option("--none", "look for them no more")
    .option("--public-key <file>", "the Ed25519 public key (PEM) that archives must be signed by")
    .option("--source-ca <file>", "the authority (PEM) of the address's certificate")
    .option("--check-at <time>", "when to look every day, such as 03:40, or `default`")
    .action(async (given: SourceArguments) => {
      const { updateSource } = await import("./commands/bundle-updates.ts");
      finish(await updateSource(session(), given));
    });
  bundle
    .command("pack <package...>")
    .description("Packs packages into one archive, and prints its SHA-256.")
    .requiredOption("--out <file>", "the archive to make, such as agents.kbin")
    .option("--sign <file>", "an Ed25519 private key (PEM) to sign it with")
    .action(async (packages: string[], options: { out: string; sign?: string }) => {
      const { packBundle } = await import("./commands/bundle.ts");
      finish(await packBundle(session(), packages, options));
    });
  bundle
    .command("verify <archive>")
    .description("Proves an archive by its checksum or its signature, and lists what it holds.")
    .option("--sha256 <checksum>", "what it must be")
    .option("--public-key <file>", "the Ed25519 public key (PEM) it must be signed by")
    .action(async (archive: string, options: { sha256?: string; publicKey?: string }) => {
      const { verifyBundle } = await import("./commands/bundle.ts");
      finish(await verifyBundle(session(), archive, options));
    });
}
