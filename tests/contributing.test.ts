import { mkdtempSync } from "node:fs";
import { readdir, readFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import * as fc from "fast-check";
import { expect, it } from "vitest";
import { describeConformance } from "./conformance/conformance.ts";
import { distinctText } from "./conformance/generators.ts";

const at = (path: string) => fileURLToPath(new URL(`../${path}`, import.meta.url));

it("CONTRIBUTING.md shows the example resource as it is", async () => {
  const [page, code] = await Promise.all([
    readFile(at("CONTRIBUTING.md"), "utf8"),
    readFile(at("examples/new-resource/note.ts"), "utf8"),
  ]);
  const shown = page.split("```ts\n")[1]?.split("```\n")[0];
  expect(shown).toBe(code);
});

const folder = mkdtempSync(join(tmpdir(), "notebook-"));

async function noteIn(id: string): Promise<{ readonly urn: string }> {
  return JSON.parse(await readFile(join(folder, id), "utf8"));
}

describeConformance({
  name: "notebook, the example in CONTRIBUTING.md,",
  command: [process.execPath, at("examples/new-resource/provider.ts")],
  env: { NOTEBOOK_FOLDER: folder },
  generators: {
    "notebook:index:Note": {
      inputs: fc.record(
        { text: distinctText(), pin: distinctText() },
        { requiredKeys: ["text"], noNullPrototype: true },
      ),
    },
  },
  sideEffects: {
    count: async () => (await readdir(folder)).length,
    objects: async () => Promise.all((await readdir(folder)).map(async (id) => ({ id, urn: (await noteIn(id)).urn }))),
  },
});
