import { cp, readFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { runOrThrow } from "../../../tools/process/run.ts";
import { pythonEnvironment } from "../../../tools/python/obtain.ts";

const at = (path: string) => fileURLToPath(new URL(`../../../${path}`, import.meta.url));

/** Installs the Python SDK as it is shipped into a folder. Gives the interpreter, and the folder for its path. */
export async function installPythonSdk(
  folder: string,
): Promise<{ readonly python: string; readonly installed: string }> {
  const requirements = await readFile(at("tools/python/requirements.txt"), "utf8");
  const python = await pythonEnvironment("sdk", requirements, () => undefined);
  const [source, installed] = [join(folder, "source"), join(folder, "installed")];
  // pip writes beside what it installs.
  await cp(at("sdk/python"), source, { recursive: true });
  const options = ["--quiet", "--no-deps", "--no-build-isolation", "--disable-pip-version-check"];
  await runOrThrow({ program: python, args: ["-m", "pip", "install", ...options, "--target", installed, source] });
  return { python, installed };
}
