import { mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
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

/** `Note`, as a provider lists it among its resources. */
export const note = definition.handle<Notebook>({
  async create({ inputs }, { client, log }) {
    const id = inputs.name ?? "note"; // the check has given it a name
    await mkdir(client.folder, { recursive: true });
    await writeFile(join(client.folder, id), inputs.text, { flag: "wx" }).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== "EEXIST") throw error;
      throw new ProviderError({
        code: "already-exists",
        path: ["name"],
        message: "there is a note of this name",
        hint: "choose another name",
      });
    });
    log.info(`kept ${inputs.text.length} characters`);
    return { id, outputs: { length: inputs.text.length } };
  },
  async read({ id }, { client }) {
    const text = await readFile(join(client.folder, id), "utf8").catch((error: NodeJS.ErrnoException) => {
      if (error.code === "ENOENT") return undefined;
      throw error;
    });
    return text === undefined ? undefined : { inputs: { name: id, text }, outputs: { length: text.length } };
  },
  async update({ id, inputs }, { client }) {
    await writeFile(join(client.folder, id), inputs.text);
    return { outputs: { length: inputs.text.length } };
  },
  async delete({ id }, { client }) {
    await rm(join(client.folder, id), { force: true });
  },
});
