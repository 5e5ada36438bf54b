import { describe, expect, it } from "vitest";
import { runKace } from "../../provider/cli/program.ts";
import { textOf } from "./pages.ts";

const page = textOf("docs/kace.md");

/** What `kace <words> --help` prints. */
async function helpOf(words: readonly string[]): Promise<string> {
  const lines: string[] = [];
  const terminal = { out: (text: string) => lines.push(text), err: (text: string) => lines.push(text) };
  const exitCode = await runKace([...words, "--help"], {
    terminal,
    environment: {},
    signal: new AbortController().signal,
  });
  expect(exitCode, words.join(" ")).toBe(0);
  return lines.join("\n");
}

/** The first words of the lines under a heading of a help text. */
function listed(help: string, heading: string): string[] {
  const section = help.split(`${heading}:\n`)[1]?.split("\n\n")[0] ?? "";
  return [...section.matchAll(/^ {2}(\S.*?)(?: {2,}|$)/gm)].map(([, words = ""]) => words);
}

interface Command {
  readonly words: readonly string[];
  readonly options: readonly string[];
}

/** All commands, and what they take. */
async function commandsFrom(words: readonly string[]): Promise<Command[]> {
  const help = await helpOf(words);
  const options = listed(help, "Options").flatMap((text) => /--[a-z-]+/.exec(text)?.[0] ?? []);
  const names = listed(help, "Commands").map((text) => text.split(" ")[0] ?? "");
  const below = await Promise.all(
    names.filter((name) => name !== "help").map((name) => commandsFrom([...words, name])),
  );
  return [{ words, options }, ...below.flat()];
}

describe("docs/kace.md", async () => {
  const commands = await commandsFrom([]);
  const leaves = commands.filter(
    ({ words }) => !commands.some((other) => other.words.length > words.length && startsWith(other.words, words)),
  );

  it("is held to all commands there are", () => {
    expect(leaves.map(({ words }) => words.join(" "))).toEqual(expect.arrayContaining(["serve", "hostkeys forget"]));
  });

  it.each(leaves.map(({ words }) => words.join(" ")))("shows `kace %s`", (command) => {
    expect(page).toMatch(new RegExp(`\\bkace ${command}\\b`));
  });

  it.each(commands.filter(({ words }) => words.length === 1).map(({ words }) => words.join(" ")))(
    "has a section on `kace %s`",
    (command) => {
      expect(page).toContain(`\n## kace ${command}\n`);
    },
  );

  it("names every option, and none that there is not", () => {
    const there = new Set(commands.flatMap(({ options }) => options));
    const named = new Set([...page.matchAll(/(?<![\w-])--[a-z][a-z-]*/g)].map(([option]) => option));
    expect([...there].filter((option) => !named.has(option) && !["--help", "--version"].includes(option))).toEqual([]);
    expect([...named].filter((option) => !there.has(option))).toEqual([]);
  });

  it("has no section on a command that there is not", () => {
    const sections = [...page.matchAll(/^## kace (\S+)$/gm)].map(([, name]) => name);
    const groups = commands.filter(({ words }) => words.length === 1).map(({ words }) => words[0]);
    expect(sections.filter((name) => !groups.includes(name))).toEqual([]);
  });
});

function startsWith(words: readonly string[], beginning: readonly string[]): boolean {
  return beginning.every((word, index) => words[index] === word);
}
