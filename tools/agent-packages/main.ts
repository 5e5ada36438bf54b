// `npm run packages -- --version 1.4.2`: builds the reference agent's packages into a folder that an `AgentBundle` takes,
// with their checksums beside them.
import { copyFile, mkdir, writeFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { readArguments } from "../process/usage.ts";
import { agentPackages } from "./build.ts";

const USAGE = `npm run packages -- --version 1.4.2 [--out packages]    builds the reference agent's packages

  --version <version>  of the agent that is built
  --out <folder>       where the packages and SHA256SUMS go, for an AgentBundle    (default packages)`;

const { values } = readArguments(USAGE, {
  options: { version: { type: "string" }, out: { type: "string", default: "packages" } },
});
if (values.version === undefined) {
  console.error(`say which version to build\n\n${USAGE}`);
  process.exit(2);
}
// npm starts its scripts in the repository; a user means the folder that npm was called in.
const folder = resolve(process.env.INIT_CWD ?? ".", values.out);
const packages = await agentPackages({ version: values.version });
await mkdir(folder, { recursive: true });
for (const { path, fileName, sha256, sizeBytes } of packages) {
  await copyFile(path, join(folder, fileName));
  console.log(`${sha256}  ${fileName}  (${sizeBytes} bytes)`);
}
const sums = packages.map(({ sha256, fileName }) => `${sha256}  ${fileName}\n`);
await writeFile(join(folder, "SHA256SUMS"), sums.join(""));
console.log(`${packages.length} packages and SHA256SUMS are in ${folder}`);
