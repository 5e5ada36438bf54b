import { existsSync } from "node:fs";
import { cp, mkdtemp, readdir, readFile, rm, symlink } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { obtainGo } from "../go/obtain.ts";
import { runOrThrow } from "../process/run.ts";
import type { Say } from "../process/say.ts";
import { pythonEnvironment } from "../python/obtain.ts";

const REPOSITORY = join(import.meta.dirname, "..", "..");

/** The languages whose SDKs are compiled. */
export const LANGUAGES = ["nodejs", "python", "go"] as const;
export type Language = (typeof LANGUAGES)[number];

/**
 * Compiles one generated SDK with the real toolchain of its language against the real Pulumi package, without leaving
 * anything in it.
 *
 * @param sdk the folder that holds one folder per language.
 * @throws Error with the compiler's output.
 */
export async function compileSdk(language: Language, sdk: string, say: Say): Promise<void> {
  const source = join(sdk, language);
  if (!existsSync(source)) throw new Error(`${source} does not exist: run \`npm run generate\``);
  const scratch = await mkdtemp(join(tmpdir(), `kace-sdk-${language}-`));
  try {
    // Compilers write beside what they compile, and a copy is never mistaken for a part of this repository.
    await cp(source, scratch, { recursive: true });
    if (language === "nodejs") await compileNodejs(scratch);
    else if (language === "python") await compilePython(scratch, say);
    else await compileGo(scratch, say);
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
}

async function compileNodejs(folder: string): Promise<void> {
  await symlink(join(REPOSITORY, "node_modules"), join(folder, "node_modules"));
  const compiler = join(REPOSITORY, "node_modules", "typescript", "bin", "tsc");
  await runOrThrow({ program: process.execPath, args: [compiler, "--project", folder, "--noEmit"] });
}

async function compilePython(folder: string, say: Say): Promise<void> {
  const requirements = await readFile(join(REPOSITORY, "tools", "python", "requirements.txt"), "utf8");
  const python = await pythonEnvironment("sdk", requirements, say);
  const packages = await foldersWith(folder, "__init__.py");
  if (packages.length === 0) throw new Error(`${folder} holds no Python package`);
  await runOrThrow({ program: python, args: ["-m", "compileall", "-q", ...packages], cwd: folder });

  // The SDK asks for its own version when it is imported, so it must be installed as a user would.
  const installed = join(folder, "installed");
  const install = [
    "-m",
    "pip",
    "install",
    "--quiet",
    "--no-deps",
    "--no-build-isolation",
    "--target",
    installed,
    folder,
  ];
  await runOrThrow({ program: python, args: install });
  const script = join(import.meta.dirname, "import_all.py");
  await runOrThrow({ program: python, args: [script, ...packages], env: { ...process.env, PYTHONPATH: installed } });
}

async function compileGo(folder: string, say: Say): Promise<void> {
  const go = await obtainGo(say);
  const modules = await foldersWith(folder, "go.mod");
  if (modules.length === 0) throw new Error(`${folder} holds no Go module`);
  for (const module of modules) {
    const cwd = join(folder, module);
    await runOrThrow({ program: go.command, args: ["build", "-mod=readonly", "./..."], cwd, env: go.env });
  }
}

async function foldersWith(folder: string, file: string): Promise<string[]> {
  const entries = await readdir(folder, { withFileTypes: true });
  return entries
    .filter((entry) => entry.isDirectory() && existsSync(join(folder, entry.name, file)))
    .map((entry) => entry.name);
}
