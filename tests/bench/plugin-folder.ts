import { readdir, symlink } from "node:fs/promises";
import { join } from "node:path";
import { bundle } from "../../tools/build/bundle.ts";

/**
 * Makes a plugin of a program of this folder, in the way in which `npm run build` makes the one that is shipped.
 *
 * @param name of the package that the engine knows it by
 * @returns its executable
 * @example await makePlugin("bare-server.ts", join(folder, "bare"), "bare")
 */
export async function makePlugin(program: string, folder: string, name: string): Promise<string> {
  await bundle(folder, join(import.meta.dirname, program));
  const made = (await readdir(folder)).find((file) => /^pulumi-resource-[a-z]+$/.test(file));
  if (made === undefined) throw new Error(`the build made no executable in ${folder}`);
  const executable = join(folder, `pulumi-resource-${name}`);
  await symlink(made, executable);
  return executable;
}
