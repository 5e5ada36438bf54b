import { execFile } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { openLocal } from "../../provider/appliance/local/local.ts";
import { runKace } from "../../provider/cli/program.ts";
import { findOnPath } from "../../tools/process/path.ts";

const BIN = dirname(fileURLToPath(new URL("../../bin/kace", import.meta.url)));
const run = promisify(execFile);

let root = "";
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), "kace-completion-"));
  const appliance = await openLocal({ folder: join(root, "appliance") });
  await appliance.saveLabel({ name: "berlin", machines: ["web01"] });
  await appliance.saveLabel({ name: "two words", machines: ["web01"] });
  await appliance.close();
  for (const shell of ["bash", "zsh"]) await writeFile(join(root, shell), `${await printed(shell)}\n`);
  await writeFile(join(root, "agents.kbin"), "");
});
afterAll(() => rm(root, { recursive: true, force: true }));

async function printed(shell: string): Promise<string> {
  const out: string[] = [];
  const terminal = { out: (text: string) => void out.push(text), err: () => undefined };
  const world = { terminal, environment: {}, signal: new AbortController().signal };
  expect(await runKace(["completion", shell], world)).toBe(0);
  return out.join("\n");
}

/** What a shell offers for the last of these words, as it would after Tab. */
async function offered(shell: string, program: string, words: readonly string[]): Promise<string[]> {
  const env = {
    PATH: `${BIN}:${process.env.PATH}`,
    HOME: root,
    KACE_DATABASE: join(root, "appliance"),
    COMPLETION: join(root, shell),
  };
  const { stdout, stderr } = await run(shell, [...program.split(" "), "kace", ...words], { cwd: root, env });
  expect(stderr).toBe("");
  return stdout.split("\n").filter((line) => line !== "");
}

const BASH = `set -u
source "$COMPLETION"
COMP_WORDS=("$@")
COMP_CWORD=$(($# - 1))
$(complete -p kace | sed 's/.*-F \\([^ ]*\\).*/\\1/')
printf '%s\\n' "\${COMPREPLY[@]}"`;

// zsh offers matches only to its line editor; here they are printed, those that begin with the word.
const ZSH = `compdef() { completer=$1 }
_files() { print -l -- *(N) }
compadd() { local -a all; all=("\${(@P)@[-1]}"); print -l -- \${(M)all:#\${words[CURRENT]}*} }
source "$COMPLETION"
words=("$@")
CURRENT=$#
$completer`;

const shells = ["bash", "zsh"].filter((shell) => findOnPath(shell) !== undefined);

describe.each(shells)("completion in %s", { timeout: 300_000 }, (shell) => {
  const complete = async (...words: readonly string[]) => {
    const script = join(root, `${shell}-program`);
    await writeFile(script, shell === "bash" ? BASH : ZSH);
    return offered(shell, shell === "bash" ? `--norc ${script}` : `-f ${script}`, words);
  };

  it.each<[string, readonly string[], readonly string[]]>([
    ["commands", ["hostk"], ["hostkeys"]],
    ["commands of a group", ["config", "du"], ["duplicate"]],
    [
      "options of a command, and those of all",
      ["results", "--c"],
      ["--config", "--class", "--code", "--ca-certificate"],
    ],
    ["choices of an option", ["results", "--class", "un"], ["unchanged", "unreachable"]],
    ["choices of an argument", ["completion", "names", "la"], ["labels"]],
    ["commands behind an option with a value", ["--database", "config", "serv"], ["serve"]],
    ["commands behind one with an equals sign", ["--database=/x", "hist"], ["history"]],
    ["files", ["bundle", "verify", "agen"], ["agents.kbin"]],
    ["names that the appliance has, those of one word", ["labels", "members", "b"], ["berlin"]],
    ["nothing where there is nothing to know", ["orgs", "create", "x"], []],
  ])("offers %s", async (_what, words, expected) => {
    const found = await complete(...words);
    if (words.at(-1) === "agen") expect(found).toContain("agents.kbin");
    else expect(found.sort()).toEqual([...expected].sort());
  });

  it("offers every command there is", async () => {
    expect(await complete("")).toEqual(expect.arrayContaining(["serve", "config", "backup", "completion"]));
  });
});

it("is tested where there is a shell", () => {
  expect(shells).toContain("bash");
});
