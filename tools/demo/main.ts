// `npm run demo`: the main job, shown on real machines of its own: a lab of hosts with systemd, a `kace serve`, the
// agent's real packages, and the root Pulumi.yaml under the real Pulumi engine. Nothing of it stays, and nothing of the
// user's own is touched. With `-- --keep` the machines stay up, to go on by hand.
import { LabError, whyNoLab } from "../../examples/lab/lab.ts";
import { durationText } from "../process/say.ts";
import { readArguments } from "../process/usage.ts";
import { PREFIX, Stage } from "./stage.ts";
import { DemoError, playStory, summaryText } from "./story.ts";

const WITHOUT_LAB = "everything else works here all the same, such as `pulumi up` on machines of your own";

const USAGE = `npm run demo              the whole story on machines of its own, in a few minutes: preview, up, drift, repair, destroy
npm run demo -- --keep    the same, but the machines and the server stay up, to go on by hand

It needs root on Debian or Ubuntu. Without --keep nothing of it stays. See README.md.`;

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}

async function main(keep: boolean): Promise<void> {
  const why = whyNoLab();
  if (why !== undefined) throw new LabError(`The demo brings up machines of its own, and ${why}; ${WITHOUT_LAB}.`);
  let interrupted = false;
  // What is in the foreground gets the signal too; the demo itself must live to take everything down.
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(signal, () => (interrupted = true));

  say("The demo needs machines, a server and a project. It makes them:");
  const started = performance.now();
  const stage = await Stage.set((line) => say(`  ${line}`));
  say(`  ready after ${durationText(performance.now() - started)}`);
  let stays = false;
  try {
    const teller = { say, nowMs: () => performance.now(), interrupted: () => interrupted };
    const told = await playStory(stage, keep, teller);
    say(`\n${summaryText(told)}`);
    stays = keep;
  } finally {
    if (!stays) {
      say("\n# taking the machines, the server and all folders down");
      await stage.strike();
    }
  }
  if (keep) {
    say(await whatNext(stage));
  } else {
    say(`\nDone in ${durationText(performance.now() - started)}, and nothing is left behind. Next: README.md`);
  }
}

async function whatNext(stage: Stage): Promise<string> {
  const [first] = stage.lab.hosts;
  const file = await stage.writeShellFile();
  return `
The machines and the server are up. What to try next, in a shell of its own:
  . ${file}
  pulumi preview                          nothing to do
  bin/kace devices list                   which agents are connected
  bin/kace logs ${first?.address ?? ""}               what was done on a machine, step by step
  npm --prefix ${process.cwd()} run lab -- status --prefix ${PREFIX}    the machines, and how to log in
  pulumi destroy                          take the agents off
Take everything down:
  npm --prefix ${process.cwd()} run lab -- down --prefix ${PREFIX}      the machines, and the server with them
  rm -r ${stage.folder}`;
}

const { values } = readArguments(USAGE, { options: { keep: { type: "boolean", default: false } } });
try {
  await main(values.keep);
} catch (error) {
  // Only what was not foreseen deserves a stack.
  if (!(error instanceof Error)) throw error;
  const foreseen = error instanceof LabError || error instanceof DemoError;
  const text = foreseen || "code" in error ? error.message : (error.stack ?? error.message);
  process.stderr.write(`${text}\n`);
  process.exitCode = 1;
}
