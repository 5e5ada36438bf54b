import { mkdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import * as z from "zod";
import { ProviderError } from "../../provider/kit/define/errors.ts";
import { defineResource } from "../../provider/kit/define/resource.ts";

/** What handlers get as `client`: here just the folder that the notes are kept in. */
export interface Notebook {
  readonly folder: string;
}

const definition = defineResource({
  name: "Note",
  description: "A line of text that is kept in a file.",
  inputs: z.object({
    name: z
      .string()
      .regex(/^[a-z0-9-]+$/, { error: "expected lower-case letters, digits and dashes" })
      .optional()
      .meta({
        description: "The name of the note; made from the resource's own if absent.",
        autoname: {},
        replaces: true,
      }),
    text: z.string().min(1).meta({ description: "What it says." }),
    pin: z.string().optional().meta({ description: "Needed to write it.", secret: true, credential: true }),
  }),
  outputs: z.object({
    length: z.int().meta({ description: "How many characters the text has." }),
  }),
});

/** A note as its file holds it, with the resource that it was made for. */
const file = z.object({ urn: z.string(), text: z.string() });
type NoteFile = z.output<typeof file>;

async function readNote(path: string): Promise<NoteFile | undefined> {
  try {
    return file.parse(JSON.parse(await readFile(path, "utf8")));
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return undefined;
    throw error;
  }
}

/** Writes a note whole or not at all, whenever the process may end. */
async function writeNote(path: string, note: NoteFile): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  await writeFile(`${path}.new`, JSON.stringify(note));
  await rename(`${path}.new`, path);
}

/** `Note`, as a provider lists it among its resources. */
export const note = definition.handle<Notebook>({
  async create({ urn, inputs }, { client, log }) {
    const id = inputs.name ?? "note"; // the check has given it a name
    const path = join(client.folder, id);
    const there = await readNote(path);
    // A note of the same resource was left by a create that broke off: it is taken over, not made twice.
    if (there !== undefined && there.urn !== urn) {
      throw new ProviderError({
        code: "already-exists",
        path: ["name"],
        message: "there is a note of this name",
        hint: "choose another name",
      });
    }
    await writeNote(path, { urn, text: inputs.text });
    log.info(`kept ${inputs.text.length} characters`);
    return { id, outputs: { length: inputs.text.length } };
  },
  async read({ id }, { client }) {
    const found = await readNote(join(client.folder, id));
    if (found === undefined) return undefined;
    return { inputs: { name: id, text: found.text }, outputs: { length: found.text.length } };
  },
  async update({ id, urn, inputs }, { client }) {
    await writeNote(join(client.folder, id), { urn, text: inputs.text });
    return { outputs: { length: inputs.text.length } };
  },
  async delete({ id }, { client }) {
    await rm(join(client.folder, id), { force: true });
  },
});
