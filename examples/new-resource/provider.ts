import * as z from "zod";
import { defineProvider } from "../../provider/kit/define/provider.ts";
import type { WireComponent } from "../../provider/kit/pulumi/component.ts";
import { serve } from "../../provider/kit/pulumi/serve.ts";
import { type Notebook, note } from "./note.ts";

const config = z.object({
  folder: z
    .string()
    .min(1)
    .meta({ description: "The folder that the notes are kept in.", environment: ["NOTEBOOK_FOLDER"] })
    .optional(),
});

/** A whole provider around one resource, so that the tests can serve it. */
export const provider = defineProvider<typeof config, Notebook, WireComponent>({
  info: { name: "notebook", displayName: "Notebook", version: "0.1.0", description: "Keeps notes in a folder." },
  config,
  configure: async ({ folder }) => ({ folder: folder ?? "notes" }),
  resources: [note],
});

if (import.meta.main) await serve(provider);
