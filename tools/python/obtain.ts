import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { cacheFolder } from "../cache/folder.ts";
import { withLock } from "../cache/lock.ts";
import { findOnPath } from "../process/path.ts";
import { run, runOrThrow } from "../process/run.ts";
import type { Say } from "../process/say.ts";
import { isAtLeast, type Version, versionIn, versionText } from "../process/version.ts";

/** The oldest Python that everything pinned in requirements.txt installs on. */
export const MINIMUM_PYTHON: Version = [3, 10, 0];

/** The system's Python if it is new enough and can make virtual environments, else one sentence that says what is missing. */
export async function systemPython(): Promise<{ readonly command: string } | { readonly missing: string }> {
  const command = findOnPath("python3");
  if (command === undefined) return { missing: "python3 is not installed" };
  const version = versionIn((await run({ program: command, args: ["--version"] })).output);
  if (version === undefined || !isAtLeast(version, MINIMUM_PYTHON)) {
    return { missing: `${command} is older than ${versionText(MINIMUM_PYTHON)}` };
  }
  // Debian ships `venv` without `ensurepip`; only together do they make an environment that has pip.
  const modules = await run({ program: command, args: ["-c", "import venv, ensurepip"] });
  return modules.exitCode === 0 ? { command } : { missing: "python3 cannot make virtual environments (python3-venv)" };
}

/**
 * A virtual environment that holds exactly these requirements (lines of a requirements file), kept in the cache folder
 * under a name made of them. Gives the path of its `python`.
 * @throws Error when Python is missing or a package cannot be installed.
 */
export async function pythonEnvironment(name: string, requirements: string, say: Say): Promise<string> {
  const python = await systemPython();
  if ("missing" in python) throw new Error(python.missing);
  const version = (await run({ program: python.command, args: ["--version"] })).output;
  const key = createHash("sha256").update(`${version}\n${requirements}`).digest("hex").slice(0, 16);
  const folder = join(cacheFolder(), "python", `${name}-${key}`);
  const interpreter = join(folder, "bin", "python");
  const complete = join(folder, "complete");
  if (existsSync(complete)) return interpreter;

  return withLock(join(cacheFolder(), "python"), name, say, async () => {
    if (existsSync(complete)) return interpreter;
    // An environment cannot be moved once it is made, so it is marked when it is whole instead of renamed into place.
    await rm(folder, { recursive: true, force: true });
    say(`making a Python environment in ${folder}`);
    await runOrThrow({ program: python.command, args: ["-m", "venv", folder] });
    const list = join(folder, "requirements.txt");
    await writeFile(list, requirements);
    const install = ["-m", "pip", "install", "--disable-pip-version-check", "--no-input", "-r", list];
    await runOrThrow({
      program: interpreter,
      args: install,
      onLine: (line) => {
        if (/^(Downloading|Installing) /.test(line.trim())) say(line.trim());
      },
    });
    await writeFile(complete, "");
    return interpreter;
  });
}
