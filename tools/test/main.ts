// The test command, started by tools/run.sh once the npm packages are there. Without arguments it runs every check;
// with arguments, only the tests that they choose (a file, `-t pattern`: they are given to Vitest).
import { runSteps } from "./step.ts";
import { allSteps, chosenTests } from "./steps.ts";
import { countAll, summaryOf } from "./summary.ts";

const args = process.argv.slice(2);
const say = (line: string) => {
  process.stdout.write(`${line}\n`);
};

const ci = process.env.CI;
const strict = ci !== undefined && ci !== "" && ci !== "false" && ci !== "0";
const done = await runSteps(args.length === 0 ? allSteps : chosenTests(args), { strict, say, now: () => Date.now() });
say(summaryOf(done));
process.exitCode = countAll(done).failed === 0 ? 0 : 1;
