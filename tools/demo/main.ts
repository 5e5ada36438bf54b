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
  process.stdout.write(
    "The quickstart (Pulumi.yaml) asks the provider how often the agents of a fleet should check in, so that an\n" +
      "appliance gets at most 500 check-ins an hour. It makes nothing but a stack with the answer among its outputs.\n",
  );
  const steps: readonly (readonly [why: string, ...args: string[]])[] = [
    ["a stack, with its state in a temporary folder", "stack", "init", "demo"],
    ["the preview, then the answer for 1,200 machines: every 3 hours", "up", "--yes", "--stack", "demo"],
    ["a larger fleet", "config", "set", "devices", "40000", "--stack", "demo"],
    ["what that changes: every 80 hours", "up", "--yes", "--stack", "demo"],
    ["take it down", "destroy", "--yes", "--remove", "--stack", "demo"],
  ];
  for (const [why, ...args] of steps) {
    process.stdout.write(`\n# ${why}\n$ pulumi ${args.join(" ")}\n`);
    const child = spawn(pulumi.command, args, { cwd: project, env, stdio: ["ignore", "inherit", "inherit"] });
    const [exitCode] = await once(child, "close");
    if (exitCode !== 0) {
      process.exitCode = 1;
      break;
    }
  }
  if (process.exitCode !== 1) process.stdout.write("\nDone, and nothing is left behind. Next: README.md\n");
} finally {
  await rm(folder, { recursive: true, force: true });
}
