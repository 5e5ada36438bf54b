import { execFileSync, spawn } from "node:child_process";
import { existsSync } from "node:fs";
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { Become } from "../../provider/machines/machine.ts";
import { readerCommand } from "../../provider/machines/posix/command.ts";
import { envelope } from "../../provider/machines/posix/envelope.ts";
import { Frame } from "../../provider/machines/posix/frame.ts";

const NONCE = "0123456789abcdef";

/** Runs the reader's command line in a shell, feeding it `stdin` in pieces. */
async function run(shell: string, line: string, stdin: readonly Buffer[]) {
  const child = spawn(shell, ["-c", line], { stdio: ["pipe", "pipe", "pipe"] });
  const outputs = { stdout: [] as Buffer[], stderr: [] as Buffer[] };
  child.stdout.on("data", (chunk: Buffer) => outputs.stdout.push(chunk));
  child.stderr.on("data", (chunk: Buffer) => outputs.stderr.push(chunk));
  child.stdin.on("error", () => child.stdin.destroy());
  const ended = new Promise<number | null>((resolve) => child.once("close", resolve));
  for (const piece of stdin) {
    child.stdin.write(piece);
    await new Promise((resolve) => setImmediate(resolve));
  }
  child.stdin.end();
  const exitCode = await ended;
  return { exitCode, stdout: unframed(outputs.stdout), stderr: unframed(outputs.stderr) };
}

function unframed(chunks: readonly Buffer[]) {
  const inside: Buffer[] = [];
  const frame = new Frame(NONCE, (bytes) => inside.push(bytes));
  for (const chunk of chunks) frame.push(chunk);
  frame.finish();
  return { text: Buffer.concat(inside).toString(), exitCode: frame.exitCode, preface: frame.preface() };
}

const plain = readerCommand(false, { method: "none" }).line;
const shells = [
  "/bin/sh",
  "/bin/dash",
  "/bin/bash",
  "/bin/csh",
  "/bin/tcsh",
  "/usr/bin/fish",
  "/bin/zsh",
  "/bin/ksh",
].filter((path) => existsSync(path));

describe("the reader", () => {
  test.each(shells)("is started by %s and hands the payload to the script to the byte", async (shell) => {
    const stdin = [envelope('cat; echo "[$NAME]" >&2; exit 5', { NAME: "it's" }, NONCE), Buffer.from("\0pay\nload\n")];
    expect(await run(shell, plain, [Buffer.concat(stdin)])).toEqual({
      exitCode: 5,
      stdout: { text: "\0pay\nload\n", exitCode: 5, preface: "" },
      stderr: { text: "[it's]\n", exitCode: 5, preface: "" },
    });
  });

  test("needs nothing more than a dd that counts bytes", async () => {
    const line = plain.replaceAll("iflag=fullblock", "iflag=nosuchflag");
    expect(line).not.toBe(plain);
    const stdin = Buffer.concat([envelope("cat", {}, NONCE), Buffer.from("payload")]);
    expect((await run("/bin/sh", line, [stdin])).stdout.text).toBe("payload");
  });

  test("gets its script right also when it comes in pieces", async () => {
    const whole = Buffer.concat([envelope(`echo ${"x".repeat(5000)}; cat`, {}, NONCE), Buffer.from("payload")]);
    const pieces = Array.from({ length: Math.ceil(whole.length / 700) }, (_, at) =>
      whole.subarray(at * 700, at * 700 + 700),
    );
    expect((await run("/bin/sh", plain, pieces)).stdout.text).toBe(`${"x".repeat(5000)}\npayload`);
  });

  test("runs nothing of a script that did not arrive whole", async () => {
    const torn = envelope("echo one; echo two", {}, NONCE).subarray(0, -3);
    expect(await run("/bin/sh", plain, [torn])).toMatchObject({
      exitCode: 96,
      stdout: { text: "", exitCode: undefined },
    });
    expect(await run("/bin/sh", plain, [])).toMatchObject({ exitCode: 96, stdout: { text: "" } });
  });

  test("hands over any value of a variable", () => {
    const value = fc
      .string({ unit: "binary", maxLength: 200 })
      .filter((text) => !text.includes("\0") && text.isWellFormed());
    fc.assert(
      fc.property(value, (text) => {
        const stdin = envelope('printf "%s." "$VALUE"', { VALUE: text }, NONCE);
        const stdout = execFileSync("/bin/sh", ["-c", plain], { input: stdin, stdio: ["pipe", "pipe", "pipe"] });
        expect(unframed([stdout]).text).toBe(`${text}.`);
      }),
      { numRuns: 25 },
    );
  }, 120_000);

  test.each<[boolean, Become]>([
    [false, { method: "none" }],
    [true, { method: "none" }],
    [true, { method: "sudo" }],
    [true, { method: "sudo", password: "canary" }],
    [true, { method: "su", password: "canary" }],
  ])("is started by fixed text that all shells read alike (privileged: %s, %j)", (privileged, become) => {
    const { line } = readerCommand(privileged, become);
    expect(line).toMatch(/^sh -c '[^'\\!\n]+'( sh '[^'\\!\n]+')?$/);
    expect(line).not.toContain("canary");
  });
});

describe("a frame", () => {
  const stream = `motd\nkace~begin 4711\nfirst kace~e kace~end other 1\nlast kace~end ${NONCE} 3\nlate`;

  test("holds what is between the marks, however it comes", () => {
    fc.assert(
      fc.property(fc.array(fc.nat(stream.length), { maxLength: 12 }), (cuts) => {
        const at = [0, ...cuts.sort((a, b) => a - b), stream.length];
        const chunks = at.slice(1).map((end, index) => Buffer.from(stream.slice(at[index], end)));
        expect(unframed(chunks)).toEqual({ text: "first kace~e kace~end other 1\nlast ", exitCode: 3, preface: "" });
      }),
    );
  });

  test("keeps the last of what was said before it began", () => {
    const said = unframed([Buffer.from("x".repeat(10_000)), Buffer.from("no shell for you")]).preface;
    expect(said.endsWith("xno shell for you")).toBe(true);
    expect(said.length).toBe(4096);
  });

  test("gives what it held back when the stream ends", () => {
    expect(unframed([Buffer.from("kace~begin 1\nx kace~e")]).text).toBe("x kace~e");
  });
});
