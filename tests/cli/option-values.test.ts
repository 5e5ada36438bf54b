import { expect, it } from "vitest";
import { runKace } from "../../provider/cli/program.ts";

async function kace(...args: readonly string[]) {
  const lines: string[] = [];
  const terminal = { out: (text: string) => void lines.push(text), err: (text: string) => void lines.push(text) };
  const exitCode = await runKace(args, { terminal, environment: {}, signal: new AbortController().signal });
  return { exitCode, said: lines.join("\n") };
}

it.each<[readonly string[], string]>([
  [["results", "--code", "port-close"], "Did you mean port-closed?"],
  [["results", "--code", "auth-failed", "nosuch"], 'there is no code "nosuch"'],
  [["check", "web01", "--agent-version", "banana"], "A version is numbers with dots between them"],
  [["installer", "--agent-version", "1.x"], "A version is numbers with dots between them"],
  [["installer", "--server", "bad host"], "A server is named by a host name"],
  [["check", "web01", "--server", "bad host"], "A server is named by a host name"],
  [["diagnose", "web01", "--server", "kbox.example:8443"], "A server is named by a host name"],
  [["policy", "set", "--max-failures", ""], "Expected a whole number or a share, such as 10%."],
  [["installer", "--server", "kbox.example:8443"], "A server is named by a host name"],
  [["script", "run", "-", "--all", "--timeout", "0s"], "It is longer than 0s, and 24h at most."],
  [["script", "run", "-", "--all", "--timeout", "25h"], "It is longer than 0s, and 24h at most."],
  [["script", "run", "-", "--all", "--expires", "0s"], "It is longer than 0s, and 90d at most."],
  [["alert", "send", "at six", "--all", "--expires", "31d"], "It is longer than 0s, and 30d at most."],
])("%j gives an option a value that it cannot have, and says what it can", async (args, sentence) => {
  const { exitCode, said } = await kace(...args);
  expect(exitCode).toBe(2);
  expect(said).toContain(sentence);
});

it("an endpoint without a token is told where kace takes it from", async () => {
  const { exitCode, said } = await kace("--endpoint", "https://127.0.0.1:1", "config", "list");
  expect(exitCode).toBe(1);
  expect(said).toContain("KACE_API_TOKEN");
});
