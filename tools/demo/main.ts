// `npm run demo`: the quickstart of the root Pulumi.yaml under the real Pulumi engine, in a temporary folder, so that
// neither this repository nor the user's own Pulumi set-up is touched.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { copyFile, mkdir, mkdtemp, rm, symlink } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { hermeticEnvironment } from "../pulumi-cli/environment.ts";
import { obtainPulumi } from "../pulumi-cli/obtain.ts";

const repository = join(import.meta.dirname, "..", "..");
const pulumi = await obtainPulumi();
const folder = await mkdtemp(join(tmpdir(), "kace-demo-"));
try {
  const project = join(folder, "project");
  const home = join(folder, "home");
  const backend = join(folder, "state");
  for (const path of [project, home, backend]) await mkdir(path);
  await copyFile(join(repository, "Pulumi.yaml"), join(project, "Pulumi.yaml"));
  await symlink(join(repository, "bin"), join(project, "bin"));

  const env = hermeticEnvironment({ command: pulumi.command, home, backend });
  for (const args of [
    ["stack", "init", "demo"],
    ["up", "--yes", "--stack", "demo"],
    ["destroy", "--yes", "--stack", "demo"],
  ]) {
    process.stdout.write(`\n$ pulumi ${args.join(" ")}\n`);
    const child = spawn(pulumi.command, args, { cwd: project, env, stdio: ["ignore", "inherit", "inherit"] });
    const [exitCode] = await once(child, "close");
    if (exitCode !== 0) {
      process.exitCode = 1;
      break;
    }
  }
} finally {
  await rm(folder, { recursive: true, force: true });
}
