import { copyFile, mkdir } from "node:fs/promises";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { agentPackages } from "./build.ts";

/** Builds the reference agent's packages: `sh tools/run.sh tools/agent-packages/main.ts --version 1.4.2 [--out dist/agent]`. */
const { values } = parseArgs({
  options: { version: { type: "string" }, out: { type: "string", default: "dist/agent" } },
});
if (values.version === undefined) {
  console.error("say which version to build: --version 1.4.2");
  process.exit(2);
}
const packages = await agentPackages({ version: values.version });
await mkdir(values.out, { recursive: true });
for (const { path, fileName, sha256, sizeBytes } of packages) {
  await copyFile(path, join(values.out, fileName));
  console.log(`${sha256}  ${fileName}  (${sizeBytes} bytes)`);
}
