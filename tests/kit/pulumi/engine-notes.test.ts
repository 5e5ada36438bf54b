import { spawn } from "node:child_process";
import { once } from "node:events";
import { chmod, mkdtemp, readdir, rm, utimes, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { EngineNotes } from "../../../provider/kit/pulumi/engine-notes.ts";
import { Makings } from "../../../provider/kit/pulumi/makings.ts";

const SOURCE = new URL("../../../provider/kit/pulumi/engine-notes.ts", import.meta.url).href;

async function newFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "engine-notes-"));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  return folder;
}

/** Another process of an engine, which says something and waits to be ended. */
async function another(engine: string, folder: string, ...said: readonly string[]) {
  const script = `
    const { EngineNotes } = await import(${JSON.stringify(SOURCE)});
    const [engine, folder, ...said] = process.argv.slice(1);
    const notes = new EngineNotes(engine, folder);
    for (const text of said) notes.say("object", text);
    process.on("SIGTERM", () => process.exit(0));
    setInterval(() => {}, 1000);
    console.log("said");`;
  const child = spawn(process.execPath, ["--input-type=module", "-e", script, engine, folder, ...said], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  onTestFinished(() => void child.kill("SIGKILL"));
  await once(child.stdout, "data");
  return async (signal: "SIGTERM" | "SIGKILL") => {
    child.kill(signal);
    await once(child, "exit");
  };
}

test("processes of one engine hear what was said last, for as long as who said it runs", async () => {
  const folder = await newFolder();
  const own = new EngineNotes("127.0.0.1:1", folder);
  expect(own.latest("object")).toBeUndefined();
  own.say("object", "mine");
  const end = await another("127.0.0.1:1", folder, "one", "two");
  expect(own.latest("object")).toBe("two");
  expect(own.latest("other")).toBeUndefined();
  expect(new EngineNotes("127.0.0.1:2", folder).latest("object")).toBeUndefined();
  own.say("object", "mine again");
  expect(own.latest("object")).toBe("mine again");
  await end("SIGTERM");
  expect(await readdir(folder)).toHaveLength(1);
});

test("what a killed process left counts for nothing, and goes when it is old", async () => {
  const folder = await newFolder();
  const end = await another("127.0.0.1:1", folder, "one");
  await end("SIGKILL");
  expect(await readdir(folder)).toHaveLength(1);
  const next = new EngineNotes("127.0.0.1:1", folder);
  expect(next.latest("object")).toBeUndefined();
  next.say("object", "mine");
  // Its process may be one of another container, which cannot be seen from here.
  const files = await readdir(folder);
  expect(files).toHaveLength(2);
  const longAgo = new Date(Date.now() - 8 * 24 * 3_600_000);
  for (const file of files) await utimes(join(folder, file), longAgo, longAgo);
  new EngineNotes("127.0.0.1:1", folder).say("object", "mine");
  expect(await readdir(folder)).toHaveLength(1);
  expect(next.latest("object")).toBe("mine");
});

test("a folder that others may write to is neither read nor written", async () => {
  const folder = await newFolder();
  await chmod(folder, 0o777);
  const notes = new EngineNotes("127.0.0.1:1", folder);
  await writeFile(join(folder, `0123456789abcdef-${process.pid}`), "forged\n");
  expect(notes.latest("object")).toBeUndefined();
  expect(() => notes.say("object", "mine")).toThrow("not this user's own folder");
});

test("a record that the program was compared with counts for all processes, whichever a refresh has seen before", async () => {
  const folder = await newFolder();
  const process = () => {
    const makings = new Makings();
    makings.share({ notes: new EngineNotes("127.0.0.1:1", folder), world: () => "one", report: () => undefined });
    return makings;
  };
  const [first, second] = [process(), process()];
  second.note("urn", "id", "new");
  first.note("urn", "id", "old");
  second.note("urn", "id", "new");
  expect(first.isSuperseded("urn", "id", "old")).toBe(true);
  expect(first.isSuperseded("urn", "id", "new")).toBe(false);
});

test("a making of another process counts for those of its world, also where the old record was seen meanwhile", async () => {
  const folder = await newFolder();
  const inWorld = (name: string) => {
    const makings = new Makings();
    const report = (error: unknown) => {
      throw error;
    };
    makings.share({ notes: new EngineNotes("127.0.0.1:1", folder), world: () => name, report });
    return makings;
  };
  const [first, second, elsewhere] = [inWorld("one"), inWorld("one"), inWorld("two")];
  const old = first.begin("urn", "id");
  const made = second.begin("urn", "id");
  first.note("urn", "id", old);
  expect(first.isSuperseded("urn", "id", old)).toBe(true);
  expect(first.isSuperseded("urn", "id", made)).toBe(false);
  expect(elsewhere.isSuperseded("urn", "id", old)).toBe(false);
});
