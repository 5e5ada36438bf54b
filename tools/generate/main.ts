// `npm run generate`: what the descriptors say, as files.
import { join, resolve } from "node:path";
import { wireSchema } from "../../provider/appliance/server/wire-schema.ts";
import { sayOnStderr } from "../process/say.ts";
import { readArguments } from "../process/usage.ts";
import { GENERATED_FOLDERS, generate } from "./generate.ts";
import { compareTrees, readTree, writeTree } from "./tree.ts";

const USAGE = `npm run generate -- [options]    writes schema/, sdk/ and docs/reference/ from the descriptors

  --check              writes nothing, and ends with exit code 1 if a file is not what it would write
  --provider <module>  the module that exports \`provider\`     (default provider/kace.ts)
  --output <folder>    the root that the folders stand in     (default this repository)`;

const repository = join(import.meta.dirname, "..", "..");
const { values } = readArguments(USAGE, {
  options: {
    check: { type: "boolean", default: false },
    provider: { type: "string", default: join(repository, "provider", "kace.ts") },
    output: { type: "string", default: repository },
  },
});

const output = resolve(values.output);
const tree = new Map(await generate(resolve(values.provider), sayOnStderr));
// What agents speak is no provider's: it is written beside ours alone.
if (output === repository) tree.set("schema/agent-messages.json", `${JSON.stringify(wireSchema(), null, 2)}\n`);

const differences = values.check
  ? compareTrees(tree, await readTree(output, GENERATED_FOLDERS))
  : await writeTree(output, GENERATED_FOLDERS, tree);
const lines = [
  ...differences.missing.map((path) => `${values.check ? "missing" : "wrote"}  ${path}`),
  ...differences.stale.map((path) => `${values.check ? "stale" : "rewrote"}  ${path}`),
  ...differences.extra.map((path) => `${values.check ? "not generated any more" : "removed"}  ${path}`),
];
for (const line of lines) process.stdout.write(`${line}\n`);
if (lines.length === 0) process.stdout.write(`${tree.size} generated files are current\n`);
else if (values.check) {
  process.stdout.write(
    `${lines.length} generated files are not current: run \`npm run generate\` and commit the result\n`,
  );
  process.exitCode = 1;
}
