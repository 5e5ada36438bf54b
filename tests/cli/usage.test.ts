import { describe, expect, it } from "vitest";
import { runKace } from "../../provider/cli/program.ts";
import type { ExitCode } from "../../provider/cli/session.ts";

async function kace(...args: readonly string[]) {
  const lines: string[] = [];
  const terminal = { out: (text: string) => void lines.push(text), err: (text: string) => void lines.push(text) };
  const exitCode = await runKace(args, { terminal, environment: {}, signal: new AbortController().signal });
  return { exitCode, said: lines.join("\n") };
}

describe("kace", () => {
  it.each<[readonly string[], string]>([
    [[], "Usage: kace"],
    [["confg", "list"], "Did you mean config?"],
    [["config", "lits"], "Did you mean list?"],
    [["config", "show"], "missing required argument 'name'"],
    [["results", "--clas", "failed"], "Did you mean --class?"],
    [["results", "--class", "broken"], "Allowed choices are succeeded, unchanged, removed, absent, unreachable"],
    [["hostkeys", "forget", "web01", "--port", "70000"], "A port is a number from 1 to 65535."],
    [["serve", "--port", "https"], "A port is a number from 1 to 65535."],
    [["quarantine", "approve"], "missing required argument 'device'"],
    [["devices", "list", "web01"], "too many arguments"],
    [["policy", "set", "--version", "9"], "`kace policy set` takes versions by --to, --deny"],
    [["--endpoint", "https://127.0.0.1:1", "serve"], "`kace serve` runs where the appliance's folder is"],
    [["script", "run", "-", "--all", "--late", "1h"], "give that time with --at"],
    [["settings", "set"], "nothing is said to be set"],
    [["policy", "set"], "nothing is said to be set"],
    [["checkin"], "which machines?"],
    [["checkin", "web01", "--all"], "one or the other"],
    [["tasks", "cancel"], "which tasks?"],
    [["queue", "delete"], "which messages?"],
    [["bundle", "source", "--set", "/srv/agents", "--none"], "leave out --set or --none"],
    [["api-tokens", "create", "ci", "--expires", "31 February"], '"31 February" is no date'],
    [["history", "--since", "1h", "--until", "2h"], "--until 2h is not after --since 1h"],
    [["export", "all.export", "--without-secrets", "--passphrase-file", "none"], "needs no passphrase"],
    [["--json", "config", "list", "-V"], "`kace --version` stands alone"],
  ])("%j is wrong usage, and says what would be right", async (args, sentence) => {
    const { exitCode, said } = await kace(...args);
    expect(exitCode).toBe(2);
    expect(said).toContain(sentence);
  });

  it.each<[readonly string[], string]>([
    [["--help"], "Exit codes: 0 done"],
    [["config", "--help"], "Usage: kace config"],
    [["--version"], "0.1.0"],
    [["--json", "--version"], "0.1.0"],
  ])("%j is no mistake", async (args, sentence) => {
    const { exitCode, said } = await kace(...args);
    expect(exitCode).toBe(0);
    expect(said).toContain(sentence);
  });

  it.each<[readonly string[], ExitCode, string]>([
    [["--endpoint", "http://kbox.example", "config", "list"], 2, "http is not encrypted"],
    [["--endpoint", "https://u:secret-canary@kbox.example", "config", "list"], 2, "credentials do not belong in it"],
    [["--endpoint", "https://127.0.0.1:1", "config", "list"], 1, "asks for an API token, and none is configured"],
    [["--database", "relative/folder", "config", "list"], 2, 'database: "relative/folder" is relative'],
  ])("%j ends with %i, and says why in one sentence", async (args, ending, sentence) => {
    const { exitCode, said } = await kace(...args);
    expect(exitCode).toBe(ending);
    expect(said).toContain(sentence);
    expect(said).not.toContain("secret-canary");
    expect(said).not.toMatch(/\n\s+at /);
  });
});
