import { createHash } from "node:crypto";
import { appendFileSync, lstatSync, mkdirSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { thisProcess } from "./life.ts";

/** A word about something, and when it was said, on a clock that all processes of a machine share. */
interface Note {
  readonly key: string;
  readonly text: string;
  readonly at: bigint;
}

const KEPT_MS = 7 * 24 * 3_600_000;

/** A file of notes is of an engine and of a process of a plugin. */
const FILE = /^([0-9a-f]{16})-(\d+)$/;

/**
 * What the plugin processes of one engine tell each other. The engine starts one for every provider of a program, and
 * gives them nothing in common but its own address: each writes a file in a folder that only its user can read, which is
 * gone with the process. What a killed one left counts for nothing, and goes with the next that says something a week
 * later.
 *
 * @example
 * const notes = new EngineNotes("127.0.0.1:4242");
 * notes.say("object-1", "mine"); // in another process of this engine: notes.latest("object-1") is "mine"
 */
export class EngineNotes {
  readonly #folder: string;
  readonly #engine: string;
  #writes = false;

  constructor(engineAddress: string, folder = join(tmpdir(), `pulumi-plugin-notes-${process.getuid?.() ?? "own"}`)) {
    this.#folder = folder;
    this.#engine = createHash("sha256").update(engineAddress).digest("hex").slice(0, 16);
  }

  /** Says something to all processes of the engine. @throws where nothing can be written, or the folder is another user's */
  say(key: string, text: string): void {
    const file = join(this.#folder, `${this.#engine}-${process.pid}`);
    if (!this.#writes) {
      mkdirSync(this.#folder, { recursive: true, mode: 0o700 });
      if (!this.#isOwn()) throw new Error(`${this.#folder} is not this user's own folder`);
      for (const { name, pid } of this.#files())
        if (pid === process.pid || (!thisProcess.isAlive(pid) && this.#isOld(name)))
          rmSync(join(this.#folder, name), { force: true });
      process.on("exit", () => rmSync(file, { force: true }));
      this.#writes = true;
    }
    appendFileSync(file, `${JSON.stringify([key, text, String(process.hrtime.bigint())])}\n`, { mode: 0o600 });
  }

  /** What was said last of something, by whichever process that still runs; undefined where nothing was. */
  latest(key: string): string | undefined {
    if (!this.#isOwn()) return undefined;
    const said = this.#files()
      .filter(({ engine, pid }) => engine === this.#engine && thisProcess.isAlive(pid))
      .flatMap(({ name }) => this.#notesIn(name))
      .filter((note) => note.key === key);
    return said.reduce<Note | undefined>(
      (last, note) => (last !== undefined && last.at > note.at ? last : note),
      undefined,
    )?.text;
  }

  /** A process that is not seen may be of another container that shares the folder: no update takes so long. */
  #isOld(name: string): boolean {
    const found = lstatSync(join(this.#folder, name), { throwIfNoEntry: false });
    return found !== undefined && Date.now() - found.mtimeMs > KEPT_MS;
  }

  #files() {
    return readdirSync(this.#folder).flatMap((name) => {
      const [, engine, pid] = FILE.exec(name) ?? [];
      return engine === undefined ? [] : [{ name, engine, pid: Number(pid) }];
    });
  }

  #notesIn(name: string): Note[] {
    let text: string;
    try {
      text = readFileSync(join(this.#folder, name), "utf8");
    } catch (error) {
      if (isNotThere(error)) return []; // its process has just ended
      throw error;
    }
    // A line that is still being written has no end yet.
    return text
      .split("\n")
      .slice(0, -1)
      .map((line) => {
        const [key, said, at]: [string, string, string] = JSON.parse(line);
        return { key, text: said, at: BigInt(at) };
      });
  }

  /** What another user might have put there counts for nothing. */
  #isOwn(): boolean {
    try {
      const found = lstatSync(this.#folder);
      const isMine = process.getuid === undefined || found.uid === process.getuid();
      return found.isDirectory() && isMine && (process.platform === "win32" || (found.mode & 0o077) === 0);
    } catch (error) {
      if (isNotThere(error)) return false;
      throw error;
    }
  }
}

function isNotThere(error: unknown): boolean {
  return error instanceof Error && "code" in error && error.code === "ENOENT";
}
