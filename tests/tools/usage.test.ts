import { join } from "node:path";
import { expect, test } from "vitest";
import { execute } from "../../examples/lab/command.ts";
import packageJson from "../../package.json" with { type: "json" };

const ROOT = join(import.meta.dirname, "..", "..");

const PROGRAMS: readonly (readonly [script: string, program: string, wrong: string])[] = [
  ["demo", "tools/demo/main.ts", "--kepp"],
  ["bench", "tests/bench/main.ts", "--run"],
  ["build", "tools/build/main.ts", "--out"],
  ["generate", "tools/generate/main.ts", "--chek"],
  ["packages", "tools/agent-packages/main.ts", "--verson"],
  ["pulumi", "tools/pulumi-cli/main.ts", "--version"],
];

const start = (program: string, args: readonly string[]) => execute([process.execPath, join(ROOT, program), ...args]);

test.each(PROGRAMS)(
  "`npm run %s` says with --help and -h how it is used, and does nothing",
  async (script, program) => {
    expect(packageJson.scripts).toMatchObject({ [script]: `sh tools/run.sh ${program}` });
    for (const help of ["--help", "-h"]) {
      const ended = await start(program, [help]);
      expect(ended).toMatchObject({ exitCode: 0, stderr: "" });
      expect(ended.stdout).toMatch(new RegExp(`^npm run ${script}\\b`));
    }
  },
);

test.each(PROGRAMS)(
  "`npm run %s` says of a wrong option which one, and how it is used",
  async (script, program, wrong) => {
    const ended = await start(program, [wrong]);
    expect(ended).toMatchObject({ exitCode: 2, stdout: "" });
    expect(ended.stderr).toContain(`Unknown option '${wrong}'`);
    expect(ended.stderr).toContain(`\nnpm run ${script}`);
    expect(ended.stderr).not.toContain("    at ");
  },
);
