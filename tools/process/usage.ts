import { type ParseArgsConfig, parseArgs } from "node:util";

/** Said where a program is to do nothing but say how it is used (`--help`, `-h`). */
const ASKING = ["--help", "-h"];

/**
 * The arguments of one of this repository's programs. Where they ask for help, or are wrong, it says how the program is
 * used and ends it: with 0, or with 2 for wrong ones.
 *
 * @param usage what is said, for people
 * @example const { values } = readArguments("npm run demo -- [--keep]", { options: { keep: { type: "boolean" } } });
 */
export function readArguments<Config extends ParseArgsConfig>(
  usage: string,
  config: Config,
): ReturnType<typeof parseArgs<Config>> {
  if (process.argv.slice(2).some((word) => ASKING.includes(word))) {
    process.stdout.write(`${usage}\n`);
    process.exit(0);
  }
  try {
    return parseArgs(config);
  } catch (error) {
    if (!(error instanceof Error && "code" in error && String(error.code).startsWith("ERR_PARSE_ARGS"))) throw error;
    process.stderr.write(`${error.message}\n\n${usage}\n`);
    process.exit(2);
  }
}
