import { accessSync, constants, statSync } from "node:fs";
import { delimiter, join } from "node:path";

/** The file that `name` starts on this `PATH`, or undefined. */
export function findOnPath(name: string, environment: NodeJS.ProcessEnv = process.env): string | undefined {
  const names = process.platform === "win32" ? [`${name}.exe`, `${name}.cmd`] : [name];
  return (environment.PATH ?? "")
    .split(delimiter)
    .filter((folder) => folder !== "")
    .flatMap((folder) => names.map((file) => join(folder, file)))
    .find(isExecutable);
}

/** Whether this is a file, not empty, that may be executed. */
export function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    const file = statSync(path);
    return file.isFile() && file.size > 0;
  } catch {
    // Missing or not ours to execute: either way it cannot be started.
    return false;
  }
}
