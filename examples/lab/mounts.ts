import { readFile } from "node:fs/promises";
import { execute } from "./command.ts";
import { LabError } from "./error.ts";

/** The places below a folder (or at it) where something is mounted, in the order in which it was. */
export async function mountsBelow(folder: string): Promise<string[]> {
  const table = await readFile("/proc/self/mountinfo", "utf8");
  return table
    .split("\n")
    .map((line) => decodePath(line.split(" ")[4] ?? ""))
    .filter((path) => path === folder || path.startsWith(`${folder}/`));
}

/**
 * Unmounts whatever is mounted below a folder, so that it may be deleted. What somebody still uses (a shell that stands
 * in it) goes out of sight now and away when they leave.
 * @throws LabError where something stays: deleting the folder would then delete what is not ours
 */
export async function unmountBelow(folder: string): Promise<void> {
  const mounted = (await mountsBelow(folder)).reverse();
  for (let start = 0; start < mounted.length; start += 200) {
    const some = mounted.slice(start, start + 200);
    const { exitCode } = await execute(["umount", ...some]);
    if (exitCode !== 0) await execute(["umount", "--lazy", ...some]);
  }
  const left = await mountsBelow(folder);
  if (left.length > 0) throw new LabError(`still mounted: ${left.join(", ")}`);
}

/** mountinfo writes blanks and backslashes as three octal digits. */
function decodePath(path: string): string {
  return path.replace(/\\([0-7]{3})/g, (_, digits: string) => String.fromCharCode(Number.parseInt(digits, 8)));
}
