import { execFile } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { expect, it, onTestFinished } from "vitest";
import { fillAll, rowsOf } from "../appliance/transfer/filled.ts";
import { REPOSITORY, textOf } from "./pages.ts";

const run = promisify(execFile);

/** The commands of a section, as they stand there. */
function commandsOf(heading: string): string {
  const section = textOf("docs/operations.md").split(`\n## ${heading}\n`)[1]?.split("\n## ")[0] ?? "";
  return [...section.matchAll(/^```sh\n([\s\S]*?)^```$/gm)].map(([, commands]) => commands).join("");
}

it.each([
  ["Back up the appliance", 3],
  ["Move the appliance", 2],
])("the commands of docs/operations.md do what is said: %s", { timeout: 600_000 }, async (heading, count) => {
  const root = await mkdtemp(join(tmpdir(), "kace-operations-"));
  onTestFinished(() => rm(root, { recursive: true, force: true }));
  const folder = join(root, "appliance");
  await fillAll(folder);
  mkdirSync(join(root, "backup"));
  writeFileSync(join(root, "passphrase.txt"), "correct horse battery staple\n", { mode: 0o600 });
  const commands = commandsOf(heading);
  expect(commands.match(/^kace /gm)).toHaveLength(count);
  const script = commands.replaceAll(" /backup/", ` ${root}/backup/`).replaceAll(" /srv/", ` ${root}/`);
  const env = { PATH: `${join(REPOSITORY, "bin")}:${process.env.PATH}`, HOME: root, KACE_DATABASE: folder };
  await run("sh", ["-eu", "-c", script], { cwd: root, env });
  const without = ["agent_settings", "appliance_settings"]; // their revision rises with a restore
  expect(rowsOf(join(root, "kace"), without)).toEqual(rowsOf(folder, without));
});
