import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { fill } from "./filled.ts";
import { kaceIn } from "./local-kace.ts";

const root = mkdtempSync(join(tmpdir(), "kace-exit-codes-"));
const folder = join(root, "appliance");
const script = join(root, "script.sh");

beforeAll(async () => {
  writeFileSync(script, "true");
  await fill(folder);
});

afterAll(() => rmSync(root, { recursive: true }));

describe("what a word of a command names and is not there", () => {
  it.each<[string, readonly (readonly string[])[]]>([
    [
      "a device",
      [
        ["quarantine", "approve", "none"],
        ["quarantine", "block", "none"],
        ["devices", "remove", "none"],
        ["checkin", "none"],
        ["alert", "send", "hello", "--machine", "none"],
        ["queue", "list", "--machine", "none"],
        ["tasks", "list", "--machine", "none"],
        ["tasks", "add", "inventory", "--machine", "none"],
        ["script", "run", script, "--machine", "none"],
        ["script", "update", "--machine", "none"],
      ],
    ],
    [
      "a machine of the results",
      [
        ["results", "--machine", "none"],
        ["logs", "none"],
      ],
    ],
    [
      "a configuration",
      [
        ["config", "show", "none"],
        ["config", "run", "none"],
        ["config", "duplicate", "none", "copy"],
        ["results", "--config", "none"],
        ["logs", "web01", "--config", "none"],
      ],
    ],
    [
      "a label",
      [
        ["labels", "members", "none"],
        ["labels", "apply", "none", "web01"],
        ["labels", "remove", "none", "web01"],
        ["tasks", "add", "inventory", "--label", "none"],
        ["script", "run", script, "--label", "none"],
        ["policy", "set", "--label", "none"],
      ],
    ],
    [
      "an organization",
      [
        ["orgs", "describe", "none", "it"],
        ["orgs", "delete", "none"],
        ["--organization", "none", "devices", "list"],
        ["--organization", "none", "settings", "set", "--splash-text", "hello"],
      ],
    ],
    [
      "a token",
      [
        ["tokens", "uses", "none"],
        ["api-tokens", "delete", "none"],
      ],
    ],
    [
      "a bundle, or a version of an agent",
      [
        ["bundle", "load", "none"],
        ["bundle", "load", "download-none"],
        ["bundle", "unload", "none"],
        ["bundle", "unload", "bundle-none"],
        ["installer", "--server", "kbox", "--bundle", "none"],
        ["check", "127.0.0.1", "--agent-socket", "/none", "--bundle", "none"],
        ["policy", "set", "--to", "9.9"],
      ],
    ],
    [
      "a task, an order or a message",
      [
        ["tasks", "show", "none"],
        ["tasks", "cancel", "none"],
        ["tasks", "cancel", "--source", "none"],
        ["tasks", "list", "--source", "none"],
        ["queue", "delete", "none"],
      ],
    ],
    ["a host key", [["hostkeys", "forget", "none"]]],
    ["a code of outcomes", [["results", "--code", "none"]]],
  ])("is wrong usage: %s", async (_what, commands) => {
    for (const command of commands) {
      const { exitCode, out, err } = await kaceIn(folder, ...command);
      expect({ command, exitCode, out }).toEqual({ command, exitCode: 2, out: "" });
      expect(err).toMatch(/none|9\.9|1 of these is not in it/);
    }
  });
});

describe("a value that an option cannot have", () => {
  it.each<[readonly string[], string]>([
    [
      ["api-tokens", "create", "x", "--expires", "2001-01-01"],
      "--expires: 2001-01-01T00:00:00.000Z has passed already",
    ],
    [["tasks", "list", "--source", ""], "--source: expected at least 1 character"],
    [["tasks", "cancel", "--source", "x".repeat(201)], "--source: expected at most 200 characters"],
    [["history", "--who", ""], "--who: expected at least 1 character"],
    [["history", "--what", "x".repeat(101)], "--what: expected at most 100 characters"],
    [["history", "--subject", ""], "--subject: expected at least 1 character"],
    [["results", "--config", ""], "there is no configuration "],
    [["logs", "web01", "--config", ""], "there is no configuration "],
    [["bundle", "source", "--set", ""], "--set: no source is named"],
    [["settings", "set", "--run-interval", "90.5s"], "--run-interval: expected a whole number of seconds"],
    [["settings", "set", "--task-throughput", "1001"], "--task-throughput: expected at most 1000"],
    [["policy", "set", "--step", "10%@366d"], "the 1st --step: expected 31536000 seconds (365d) at most"],
  ])("is refused by its option, with what it can have: %j", async (command, sentence) => {
    expect(await kaceIn(folder, ...command)).toMatchObject({
      exitCode: 2,
      out: "",
      err: expect.stringContaining(`kace: ${sentence}`),
    });
  });
});

it("is no wrong usage that the appliance's own authority is damaged, but that a given certificate is", async () => {
  const certificates = join(root, "served", "certificates");
  const bad = join(root, "bad.pem");
  const serve = (...given: readonly string[]) => kaceIn(join(root, "served"), "serve", "--name", "kbox", ...given);
  mkdirSync(certificates, { recursive: true });
  for (const file of [join(certificates, "authority.pem"), bad]) writeFileSync(file, "damaged");
  expect(await serve()).toMatchObject({ exitCode: 1, err: expect.stringContaining("authority.pem is damaged") });
  expect(await serve("--certificate", bad, "--key", bad)).toMatchObject({
    exitCode: 2,
    err: expect.stringContaining("holds no certificate"),
  });
});
