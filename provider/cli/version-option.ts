import type { Command } from "commander";

/**
 * Refuses `--version` behind a command, where somebody means the version of something else, and names the option that
 * the command has for it.
 *
 * @param args of this run, without the program's own name
 */
export function refuseVersionOf(program: Command, args: readonly string[]): void {
  program.on("option:version", () => {
    const at = args.findIndex((arg) => arg === "--version" || arg === "-V");
    const { command, path } = commandIn(program, at < 0 ? args : args.slice(0, at));
    if (command === program) return;
    const meant = command.options.filter(({ flags }) => flags.includes("<version")).map(({ long }) => long);
    const use =
      meant.length > 0 ? `\`kace ${path}\` takes versions by ${meant.join(", ")}` : `see \`kace ${path} --help\``;
    program.error(`error: \`kace --version\` stands alone, and says which version of kace this is; ${use}`, {
      exitCode: 2,
    });
  });
}

/** The command that these arguments lead to. */
function commandIn(program: Command, args: readonly string[]): { readonly command: Command; readonly path: string } {
  let command = program;
  const path: string[] = [];
  for (const arg of args) {
    const next = command.commands.find((below) => below.name() === arg || below.aliases().includes(arg));
    if (next === undefined) continue;
    command = next;
    path.push(next.name());
  }
  return { command, path: path.join(" ") };
}
