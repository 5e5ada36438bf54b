// `npm run demo`: what the provider does today, shown with the real Pulumi engine. Leaves nothing behind.
import { mkdir, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { endingOf, run } from "../process/run.ts";
import { durationText, sayOnStderr } from "../process/say.ts";
import { hermeticEnvironment } from "../pulumi-cli/environment.ts";
import { obtainPulumi } from "../pulumi-cli/obtain.ts";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));

const pulumi = await obtainPulumi({ say: sayOnStderr });
const folder = await mkdtemp(join(tmpdir(), "kace-demo-"));
const begun = performance.now();
try {
  const backend = join(folder, "state");
  await mkdir(backend);
  const env = hermeticEnvironment({ command: pulumi.command, home: join(folder, "home"), backend });
  const config = ["--config-file", join(folder, "Pulumi.demo.yaml")];

  /** Shows a command and what it prints. */
  const show = async (why: string, args: readonly string[]): Promise<void> => {
    process.stdout.write(`\n# ${why}\n$ pulumi ${args.filter((arg) => !config.includes(arg)).join(" ")}\n`);
    const ended = await run({
      program: pulumi.command,
      args: [...args, "--cwd", ROOT],
      env,
      onLine: (line) => process.stdout.write(`  ${line}\n`),
    });
    if (ended.exitCode !== 0) throw new Error(`pulumi ${args[0]} ${endingOf(ended)}`);
  };

  process.stdout.write("The quickstart (Pulumi.yaml): how often should the agents of a fleet check in?\n");
  await show("A stack, with its state in a temporary folder", ["stack", "init", "demo", ...config]);
  await show("What would happen", ["preview", "--stack", "demo", ...config]);
  await show("Do it: 1,200 machines", ["up", "--yes", "--skip-preview", "--stack", "demo", ...config]);
  await show("A larger fleet", ["config", "set", "devices", "40000", "--stack", "demo", ...config]);
  await show("What that changes", ["up", "--yes", "--skip-preview", "--stack", "demo", ...config]);
  await show("Take it down", ["destroy", "--yes", "--skip-preview", "--stack", "demo", ...config]);
  process.stdout.write(
    `\nDone in ${durationText(performance.now() - begun)}, nothing is left behind. Next: README.md, docs/reference/index.md\n`,
  );
} finally {
  await rm(folder, { recursive: true, force: true });
}
