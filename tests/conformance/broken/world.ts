import { createHash, randomBytes } from "node:crypto";
import { appendFile, readdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { JsonMap } from "../wire.ts";

interface Stored {
  readonly urn: string;
  readonly inputs: JsonMap;
}

/** A folder with one file per object, and a line in a journal for every change. */
export class World {
  readonly #folder: string;

  constructor(folder: string) {
    this.#folder = folder;
  }

  /** Makes an object, or takes over the one that a create of the same URN made and did not report. */
  async create(urn: string, inputs: JsonMap, adopts: boolean): Promise<string> {
    const claim = this.#file(`claim-${digest(urn)}`);
    const claimed = await readFile(claim, "utf8").catch(() => undefined);
    const id = claimed !== undefined && adopts ? claimed : randomBytes(6).toString("hex");
    await this.#replace(claim, id);
    await this.#write(id, { urn, inputs });
    await this.record("create");
    return id;
  }

  /** The engine is about to know of the object. */
  async reported(urn: string): Promise<void> {
    await rm(this.#file(`claim-${digest(urn)}`), { force: true });
  }

  async read(id: string): Promise<JsonMap | undefined> {
    if (!/^[0-9a-f]{12}$/.test(id)) return undefined;
    const text = await readFile(this.#file(`object-${id}`), "utf8").catch(() => undefined);
    return text === undefined ? undefined : (JSON.parse(text) as Stored).inputs;
  }

  async update(id: string, urn: string, inputs: JsonMap): Promise<void> {
    await this.#write(id, { urn, inputs });
    await this.record("update");
  }

  async delete(id: string): Promise<void> {
    if ((await this.read(id)) === undefined) return;
    await rm(this.#file(`object-${id}`), { force: true });
    await this.record("delete");
  }

  async record(kind: string): Promise<void> {
    await appendFile(this.#file("journal"), `${kind}\n`);
  }

  async firstTime(key: string): Promise<boolean> {
    return writeFile(this.#file(`mark-${digest(key)}`), "", { flag: "wx" }).then(
      () => true,
      () => false,
    );
  }

  /** How often something was changed. */
  async count(): Promise<number> {
    return (await readFile(this.#file("journal"), "utf8").catch(() => "")).split("\n").length - 1;
  }

  async objects(): Promise<{ id: string; urn: string }[]> {
    const names = (await readdir(this.#folder)).filter((name) => name.startsWith("object-"));
    return Promise.all(
      names.map(async (name) => ({
        id: name.slice("object-".length),
        urn: (JSON.parse(await readFile(this.#file(name), "utf8")) as Stored).urn,
      })),
    );
  }

  async #write(id: string, stored: Stored): Promise<void> {
    await this.#replace(this.#file(`object-${id}`), JSON.stringify(stored));
  }

  /** Writes a file whole or not at all: the suite kills this provider at any moment. */
  async #replace(file: string, text: string): Promise<void> {
    const draft = this.#file(`draft-${randomBytes(6).toString("hex")}`);
    await writeFile(draft, text);
    await rename(draft, file);
  }

  #file(name: string): string {
    return join(this.#folder, name);
  }
}

function digest(text: string): string {
  return createHash("sha256").update(text).digest("hex").slice(0, 24);
}
