import { join } from "node:path";
import { expect, it } from "vitest";
import { execute } from "../../examples/lab/command.ts";

const PROGRAM = join(import.meta.dirname, "..", "..", "examples", "lab", "main.ts");

it.each([[["--help"]], [["-h"]], [["up", "--help"]], [["status", "--help"]], [["sideways", "--help"]]])(
  "the lab's command says with %j how it is used, and does nothing",
  async (args) => {
    const ended = await execute([process.execPath, PROGRAM, ...args]);
    expect(ended).toMatchObject({ exitCode: 0, stderr: "" });
    expect(ended.stdout.split("\n").map((line) => line.split(" [")[0])).toEqual([
      "npm run lab -- up",
      "npm run lab -- status",
      "npm run lab -- down",
      "",
    ]);
  },
);
