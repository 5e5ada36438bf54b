import { access } from "node:fs/promises";
import { join } from "node:path";
import { inParallel } from "../../../../examples/lab/command.ts";
import { runOrThrow } from "../../../../tools/process/run.ts";
import type { Fleet } from "../fleet.ts";

const AT_ONCE = 4;
const LEFT_OUT = ["test", "idlelib", "lib2to3", "tkinter", "ensurepip", "pydoc_data", "config-*", "dist-packages"];

/**
 * Gives the hosts the Python of this system, which Ansible needs and they come without. They are made of the same
 * distribution, so it runs there.
 *
 * @throws Error if there is no Python of the system, or it does not run on the hosts
 */
export async function givePython(fleet: Fleet, hosts: number, folder: string): Promise<void> {
  const program = (await runOrThrow({ program: "readlink", args: ["-f", "/usr/bin/python3"] })).trim();
  await access(program);
  const library = program.replace("/bin/", "/lib/");
  const archive = join(folder, "python.tar");
  const omit = LEFT_OUT.map((name) => `--exclude=${library.slice(1)}/${name}`);
  await runOrThrow({
    program: "tar",
    args: ["-C", "/", "-cf", archive, ...omit, program.slice(1), "usr/bin/python3", library.slice(1)],
  });
  await inParallel(fleet.lab.hosts.slice(0, hosts), AT_ONCE, async (host) => {
    await runOrThrow({ program: "tar", args: ["-C", host.root, "-xf", archive] });
    await host.run(["/usr/bin/python3", "-c", "import json, hashlib, tempfile, zipfile, base64, subprocess"]);
  });
}
